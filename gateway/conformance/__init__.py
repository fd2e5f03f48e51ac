"""What `octway vendor check` tells a vendor: of its files, of its client, and a page in the end."""
