"""From a photo of a complementary card's attestation to what it says."""
