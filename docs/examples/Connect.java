import java.io.FileInputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.regex.*;
import javax.net.ssl.*;

/** Send a billing file to Octway over HTTPS, then fetch and acknowledge returns.
 *  java Connect.java https://HOST:8443 octway.crt token FILE   (Java 11 or newer, nothing else) */
public class Connect {
    static HttpClient line;
    static String address, login;

    static HttpResponse<byte[]> call(HttpRequest.Builder asked) throws Exception {
        var answer = line.send(asked.header("Authorization", login).build(),
                HttpResponse.BodyHandlers.ofByteArray());
        if (answer.statusCode() >= 400) {  // the body says in words what was wrong
            System.err.println(new String(answer.body(), StandardCharsets.UTF_8));
            System.exit(1);
        }
        return answer;
    }

    static HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(URI.create(address + path));
    }

    public static void main(String[] words) throws Exception {
        address = words[0];
        login = "Bearer " + Files.readString(Path.of(words[2])).strip();
        var trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (var in = new FileInputStream(words[1])) {
            trusted.setCertificateEntry("octway",
                    CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        var tls = SSLContext.getInstance("TLS");
        tls.init(null, trust.getTrustManagers(), null);
        line = HttpClient.newBuilder().sslContext(tls).version(HttpClient.Version.HTTP_1_1).build();

        var file = Path.of(words[3]);
        var name = URLEncoder.encode(file.getFileName().toString(), StandardCharsets.UTF_8);
        var receipt = new String(call(to("/v1/deposits?filename=" + name)
                .POST(HttpRequest.BodyPublishers.ofFile(file))).body(), StandardCharsets.UTF_8);
        // The content decides: the same file sent again, after a cut, is the same deposit.
        var deposit = Pattern.compile("\"deposit\": \"([^\"]+)\"").matcher(receipt);
        deposit.find();
        System.out.println("safe as " + deposit.group(1));
        Files.writeString(Path.of(deposit.group(1) + ".json"), receipt);  // keep it

        // A JSON library of yours reads this better; a return's id and filename follow one another.
        var returns = new String(call(to("/v1/returns").GET()).body(), StandardCharsets.UTF_8);
        var each = Pattern.compile("\"id\": \"([^\"]+)\".*?\"filename\": \"([^\"]+)\"", Pattern.DOTALL)
                .matcher(returns);
        while (each.find()) {
            var content = call(to("/v1/returns/" + each.group(1) + "/content").GET()).body();
            Files.write(Path.of(each.group(2)), content);  // store it first …
            call(to("/v1/returns/" + each.group(1) + "/ack")
                    .POST(HttpRequest.BodyPublishers.noBody()));  // … then say that you have it
            System.out.println("return " + each.group(2) + " " + content.length);
        }
    }
}
