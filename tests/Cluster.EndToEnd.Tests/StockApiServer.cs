using System.Net;
using System.Text.Json.Nodes;
using Cluster.Testing;

namespace Cluster.EndToEnd.Tests;

/// <summary>Kubernetes' own API server on etcd, with TLS and RBAC. Its binary is in the folder that CLUSTER_STOCK_BINARIES names.</summary>
internal sealed class StockApiServer : IAsyncDisposable
{
    private const string AdministratorToken = "administrator-of-the-test";
    private static readonly string? Binaries = Environment.GetEnvironmentVariable("CLUSTER_STOCK_BINARIES");

    private readonly string _data;
    private readonly EtcdProcess _etcd;
    private readonly string[] _arguments;
    private LoggedProcess? _process;

    private StockApiServer(string data, IPAddress address, int port, string serviceRange, EtcdProcess etcd)
    {
        _data = data;
        _etcd = etcd;
        Url = $"https://{address}:{port}";
        string key = Path.Combine(data, "sa.key"), tokens = Path.Combine(data, "tokens.csv");
        _arguments =
        [
            "--etcd-servers", etcd.Endpoint.GetLeftPart(UriPartial.Authority), "--bind-address", $"{address}", "--advertise-address", $"{address}",
            "--secure-port", $"{port}", "--cert-dir", Pki, "--token-auth-file", tokens, "--authorization-mode", "Node,RBAC",
            "--service-account-issuer", "https://test", "--service-account-key-file", key, "--service-account-signing-key-file", key,
            "--service-cluster-ip-range", serviceRange,
        ];
    }

    /// <summary>Where there is one.</summary>
    public static bool CanRun => !string.IsNullOrEmpty(Binaries) && File.Exists(Binary) && EtcdProcess.Missing is null && File.Exists(Machine.Kubectl120);

    private string Url { get; }

    private static string Binary => Path.Combine(Binaries!, "kube-apiserver");

    private string Pki => Path.Combine(_data, "pki");

    public static async Task<StockApiServer> StartAsync(string data, IPAddress address, string serviceRange)
    {
        (await CommandResult.RunAsync("openssl", ["genrsa", "-out", Path.Combine(data, "sa.key"), "2048"], TimeSpan.FromSeconds(30))).Succeeded();
        await File.WriteAllTextAsync(Path.Combine(data, "tokens.csv"), $"{AdministratorToken},administrator,1,\"system:masters\"\n");
        var server = new StockApiServer(data, address, Machine.FreePort(), serviceRange, await EtcdProcess.StartNewAsync());
        try
        {
            await server.StartAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it again on what it had, at the same place.</summary>
    public async Task StartAsync()
    {
        var process = new LoggedProcess(Binary, _arguments);
        _process = process;
        await Poll.UntilAsync("the stock API server is ready", async () => !process.IsRunning || (await Administrator().TryAsync("get", "--raw", "/readyz")).Output == "ok");
        Assert.True(process.IsRunning, $"it ended:\n{string.Join('\n', process.Lines.TakeLast(20))}");
    }

    public async Task StopAsync()
    {
        if (_process is { } process) await process.DisposeAsync();
    }

    /// <summary>The kubectl of its own version, as an administrator.</summary>
    public Kubectl Administrator(string ns = "default") => new(Machine.Kubectl120, Kubeconfig("administrator", AdministratorToken), ns);

    /// <summary>A kubeconfig of a service account, which must be there.</summary>
    public async Task<string> KubeconfigOfAsync(string ns, string account)
    {
        const string request = """{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":3600}}""";
        CommandResult answer = await Administrator().TryWithInputAsync(request, "create", "--raw", $"/api/v1/namespaces/{ns}/serviceaccounts/{account}/token", "-f", "-");
        return Kubeconfig(account, JsonNode.Parse(answer.Succeeded().Output)!["status"]!["token"]!.GetValue<string>());
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _etcd.DisposeAsync();
    }

    private string Kubeconfig(string user, string token)
    {
        string path = Path.Combine(_data, user + ".kubeconfig");
        File.WriteAllText(path, $$"""
            apiVersion: v1
            kind: Config
            clusters: [{name: stock, cluster: {server: "{{Url}}", certificate-authority: "{{Path.Combine(Pki, "apiserver.crt")}}" } }]
            users: [{name: {{user}}, user: {token: "{{token}}" } }]
            contexts: [{name: stock, context: {cluster: stock, user: "{{user}}" } }]
            current-context: stock

            """);
        return path;
    }
}
