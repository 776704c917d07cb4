using System.Text;

namespace Cluster.ApiServer.Pki;

/// <summary>The text of a kubeconfig file with everything embedded, so that the one file can be copied to another machine.</summary>
internal static class Kubeconfig
{
    public static string Text(Uri server, string authorityPem, string user, string certificatePem, string keyPem) =>
        $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: cluster
          cluster:
            server: {server.GetLeftPart(UriPartial.Authority)}
            certificate-authority-data: {Base64(authorityPem)}
        users:
        - name: {user}
          user:
            client-certificate-data: {Base64(certificatePem)}
            client-key-data: {Base64(keyPem)}
        contexts:
        - name: cluster
          context:
            cluster: cluster
            user: {user}
        current-context: cluster

        """;

    private static string Base64(string pem) => Convert.ToBase64String(Encoding.UTF8.GetBytes(pem));
}
