// Send a billing file to Octway over HTTPS, then fetch and acknowledge returns.
//   Connect.exe https://HOST:8443 octway.crt token FILE      (.NET 4.7, .NET 6 or newer, Mono)
using System;
using System.IO;
using System.Net.Http;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;

static class Connect
{
    static HttpClient line;

    static byte[] Call(HttpMethod method, string path, HttpContent body = null)
    {
        var asked = new HttpRequestMessage(method, path) { Content = body };
        var answer = line.SendAsync(asked).Result;
        var content = answer.Content.ReadAsByteArrayAsync().Result;
        if (!answer.IsSuccessStatusCode)  // the body says in words what was wrong
            throw new Exception(System.Text.Encoding.UTF8.GetString(content));
        return content;
    }

    static string Text(byte[] content) => System.Text.Encoding.UTF8.GetString(content);

    static void Main(string[] words)
    {
        var trusted = new X509Certificate2(words[1]);
        var tls = new HttpClientHandler();
        // The gateway's own certificate, as `octway init` makes it; with one of a public authority leave this out.
        tls.ServerCertificateCustomValidationCallback =
            (asked, shown, chain, errors) => shown.GetCertHashString() == trusted.GetCertHashString();
        line = new HttpClient(tls) { BaseAddress = new Uri(words[0]) };
        line.DefaultRequestHeaders.Add("Authorization", "Bearer " + File.ReadAllText(words[2]).Trim());

        var name = Path.GetFileName(words[3]);
        string receipt;
        using (var file = File.OpenRead(words[3]))  // streamed, never in memory whole
            receipt = Text(Call(HttpMethod.Post, "/v1/deposits?filename=" + Uri.EscapeDataString(name),
                new StreamContent(file)));
        // The content decides: the same file sent again, after a cut, is the same deposit.
        var deposit = Regex.Match(receipt, "\"deposit\": \"([^\"]+)\"").Groups[1].Value;
        Console.WriteLine("safe as " + deposit);
        File.WriteAllText(deposit + ".json", receipt);  // keep it

        // A JSON library of yours reads this better; a return's id and filename follow one another.
        var returns = Text(Call(HttpMethod.Get, "/v1/returns"));
        foreach (Match each in Regex.Matches(returns, "\"id\": \"([^\"]+)\".*?\"filename\": \"([^\"]+)\"",
            RegexOptions.Singleline))
        {
            var content = Call(HttpMethod.Get, "/v1/returns/" + each.Groups[1].Value + "/content");
            File.WriteAllBytes(each.Groups[2].Value, content);  // store it first …
            Call(HttpMethod.Post, "/v1/returns/" + each.Groups[1].Value + "/ack",
                new ByteArrayContent(new byte[0]));  // … then say that you have it
            Console.WriteLine("return " + each.Groups[2].Value + " " + content.Length);
        }
    }
}
