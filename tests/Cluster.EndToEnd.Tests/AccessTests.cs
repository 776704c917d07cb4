using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Cluster.EndToEnd.Tests;

/// <summary>A limited user from the request of a certificate to the words of a refusal, by kubectl; and what the components may do.</summary>
[Collection(SharedCluster.Name)]
public sealed class AccessTests(RunningCluster cluster)
{
    [Fact]
    public async Task LimitedUser_ByACertificateOfTheCluster_MayWhatTheRoleSays()
    {
        Kubectl admin = await cluster.KubectlAsync();
        string user = $"jane-{admin.Namespace}", ns = admin.Namespace;
        Kubectl jane = await UserAsync(admin, user, "dev");

        CommandResult refused = await jane.TryAsync("get", "pods");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(
            $"Error from server (Forbidden): pods is forbidden: User \"{user}\" cannot list resource \"pods\" in API group \"\" in the namespace \"{ns}\"",
            refused.Error, StringComparison.Ordinal);
        Assert.Contains(user, await jane.RunAsync("auth", "whoami"), StringComparison.Ordinal);

        await admin.RunAsync("create", "rolebinding", "viewers", "--clusterrole=view", "--group=dev");
        await Poll.UntilAsync("the role holds", async () => (await jane.TryAsync("get", "pods")).ExitCode == 0);
        Assert.Equal("yes", (await jane.RunAsync("auth", "can-i", "list", "deployments.apps")).Trim());
        CommandResult no = await jane.TryAsync("auth", "can-i", "create", "pods");
        Assert.Equal((1, "no"), (no.ExitCode, no.Output.Trim()));
        Assert.Equal("yes", (await admin.RunAsync("auth", "can-i", "list", "pods", "--as", user, "--as-group", "dev")).Trim());
        Assert.Matches(@"pods\s+\[\]\s+\[\]\s+\[get list watch\]", await jane.RunAsync("auth", "can-i", "--list"));
        Assert.Contains("is forbidden", (await jane.TryAsync("create", "configmap", "a")).Error, StringComparison.Ordinal);
        Assert.Contains("is forbidden", (await jane.TryAsync("get", "secrets")).Error, StringComparison.Ordinal);
        Assert.Contains("is forbidden", (await jane.TryAsync("get", "nodes")).Error, StringComparison.Ordinal);

        CommandResult climbing = await jane.TryAsync("create", "rolebinding", "up", "--clusterrole=cluster-admin", $"--user={user}");
        Assert.Contains("cannot create resource \"rolebindings\"", climbing.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AuthReconcile_MakesAndCompletesRoles()
    {
        Kubectl admin = await cluster.KubectlAsync();
        string manifest = $$"""
            kind: Role
            apiVersion: rbac.authorization.k8s.io/v1
            metadata: {name: readers, namespace: {{admin.Namespace}}}
            rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
            """;
        Assert.Contains("role.rbac.authorization.k8s.io/readers reconciled", (await admin.TryWithInputAsync(manifest, "auth", "reconcile", "-f", "-")).Succeeded().Output, StringComparison.Ordinal);
        Assert.Equal("get", await admin.JsonPathAsync("role/readers", "{.rules[0].verbs[0]}"));
        (await admin.TryWithInputAsync(manifest.Replace("[get]", "[list]", StringComparison.Ordinal), "auth", "reconcile", "-f", "-")).Succeeded();
        Assert.Equal("get list", await admin.JsonPathAsync("role/readers", "{.rules[*].verbs[*]}"));
    }

    [Fact]
    public async Task Secrets_RotatedWhileTheClusterRuns_AreReadAndNowhereInPlain()
    {
        Kubectl admin = await cluster.KubectlAsync();
        const string canary = "canary-5f2c9a-in-plain";
        await admin.RunAsync("create", "secret", "generic", "kept", $"--from-literal=password={canary}");
        Assert.Contains("all secrets are encrypted with key", (await cluster.CommandAsync("secrets", "rotate")).Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains("tokens are signed with a new key", (await cluster.CommandAsync("secrets", "rotate", "--tokens")).Succeeded().Output, StringComparison.Ordinal);

        Assert.Equal(Convert.ToBase64String(Encoding.ASCII.GetBytes(canary)), await admin.JsonPathAsync("secret/kept", "{.data.password}"));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(cluster.DataFolder, "pki/encryption-keys")));
        byte[][] forms = [Encoding.ASCII.GetBytes(canary), Encoding.ASCII.GetBytes(Convert.ToBase64String(Encoding.ASCII.GetBytes(canary)))];
        foreach (string file in Directory.EnumerateFiles(Path.Combine(cluster.DataFolder, "store"), "state.db*").Concat(Directory.EnumerateFiles(Path.Combine(cluster.DataFolder, "logs"))))
        {
            await using var open = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var bytes = new MemoryStream();
            await open.CopyToAsync(bytes, TestContext.Current.CancellationToken);
            foreach (byte[] form in forms) Assert.True(bytes.ToArray().AsSpan().IndexOf(form) < 0, $"{file} holds the secret");
        }
    }

    [Fact]
    public async Task Components_WereRefusedNothing()
    {
        Kubectl admin = await cluster.KubectlAsync();
        // What the components do for a pod and a service, all of it.
        await admin.ApplyAsync(Manifests.SleepingPod("witness"));
        await admin.RunAsync("wait", "--for=condition=Ready", "pod/witness", "--timeout=60s");
        await admin.RunAsync("expose", "pod", "witness", "--port=80", "--name=witness", "-l", "app=witness");
        await admin.RunAsync("create", "deployment", "witness", "--image=registry.invalid/none", "--replicas=2");
        await Poll.UntilAsync("the deployment has its pods", async () => (await admin.RunAsync("get", "pods", "-l", "app=witness", "-o", "name")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length >= 2);
        await admin.RunAsync("delete", "deployment,service,pod", "witness", "--wait=true", "--grace-period=1");

        foreach (string log in Directory.EnumerateFiles(Path.Combine(cluster.DataFolder, "logs")))
        {
            string[] refusals = [.. (await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken)).Where(line => line.Contains("User \\\"system:", StringComparison.Ordinal) || line.Contains("User \"system:", StringComparison.Ordinal))
                .Where(line => line.Contains("cannot", StringComparison.Ordinal))];
            Assert.True(refusals.Length == 0, $"{log}: {string.Join('\n', refusals.Take(5))}");
        }
    }

    // As the documentation of Kubernetes has it: a key, a request, an approval, a kubeconfig.
    private async Task<Kubectl> UserAsync(Kubectl admin, string user, string group)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string request = new CertificateRequest($"CN={user}, O={group}", key, HashAlgorithmName.SHA256).CreateSigningRequestPem() + "\n";
        await admin.ApplyAsync($$"""
            apiVersion: certificates.k8s.io/v1
            kind: CertificateSigningRequest
            metadata: {name: "{{user}}" }
            spec:
              request: {{Convert.ToBase64String(Encoding.ASCII.GetBytes(request))}}
              signerName: kubernetes.io/kube-apiserver-client
              expirationSeconds: 3600
              usages: [client auth]
            """);
        await admin.RunAsync("certificate", "approve", user);
        string certificate = "";
        await Poll.UntilAsync("the certificate is signed", async () => (certificate = await admin.JsonPathAsync($"csr/{user}", "{.status.certificate}")).Length > 0);
        await admin.RunAsync("delete", "csr", user);
        string server = (await admin.RunAsync("config", "view", "--raw", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")).Trim();
        string authority = (await admin.RunAsync("config", "view", "--raw", "--minify", "-o", "jsonpath={.clusters[0].cluster.certificate-authority-data}")).Trim();
        string path = Path.Combine(cluster.DataFolder, $"{user}.kubeconfig");
        await File.WriteAllTextAsync(path, $$$"""
            apiVersion: v1
            kind: Config
            current-context: c
            clusters: [{name: c, cluster: {server: "{{{server}}}", certificate-authority-data: {{{authority}}} } }]
            users: [{name: u, user: {client-certificate-data: {{{certificate}}}, client-key-data: {{{Convert.ToBase64String(Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()))}}} } }]
            contexts: [{name: c, context: {cluster: c, user: u}}]
            """);
        return new Kubectl(Machine.Kubectl132, path, admin.Namespace);
    }
}
