using System.CommandLine;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Cli.Hosting;
using Cluster.Client;

namespace Cluster.Cli.Commands;

/// <summary><c>cluster status</c>: the health of each component, and what the cluster holds.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Service ports that are shown: a screen or two.</summary>
    private const int MaxPaths = 100;

    public static Command Create()
    {
        Option<string> data = ClusterOptions.DataOption();
        var command = new Command("status", "Show the health of each component, the nodes, pods and services, and the path each service takes through this node. Exit code 1 when something is not well.") { data };
        command.SetAction((parsed, cancellationToken) => RunAsync(DataDirectory.At(parsed.GetValue(data)!), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(DataDirectory data, CancellationToken cancellationToken)
    {
        SavedSettings saved = SavedSettings.Load(data) ?? throw new CliException($"no cluster was brought up in {data.Root}: `cluster up` does, --data DIR names another folder");
        using HttpClient http = LocalHttp();
        bool well = true;
        foreach ((string component, string url) in Components(saved)) well &= await ShowHealthAsync(http, component, url, cancellationToken);
        well &= await ShowContentsAsync(data, cancellationToken);
        await ShowPathsAsync(http, $"http://127.0.0.1:{saved.ProxyMetricsPort}/paths", cancellationToken);
        return well ? 0 : 1;
    }

    private static IEnumerable<(string Component, string Url)> Components(SavedSettings saved) =>
    [
        ("API server", saved.ApiUrl + "/readyz"),
        ("scheduler", $"http://127.0.0.1:{saved.SchedulerPort}/readyz"),
        ("controller manager", $"http://127.0.0.1:{saved.ControllerManagerPort}/readyz"),
        ("kubelet", $"http://127.0.0.1:{saved.KubeletHealthPort}/healthz"),
        ("proxy", $"http://127.0.0.1:{saved.ProxyHealthPort}/readyz"),
    ];

    private static async Task<bool> ShowHealthAsync(HttpClient http, string component, string url, CancellationToken cancellationToken)
    {
        string state;
        bool well = false;
        try
        {
            using HttpResponseMessage answer = await http.GetAsync(url, cancellationToken);
            well = answer.IsSuccessStatusCode;
            state = well ? "ok" : $"not ready ({(int)answer.StatusCode})";
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            state = "not running";
        }

        Console.WriteLine($"{component,-20} {state}");
        return well;
    }

    private static async Task<bool> ShowContentsAsync(DataDirectory data, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            IApiClient client = KubernetesClients.FromKubeconfig(data.Kubeconfig);
            IReadOnlyList<Node> nodes = (await client.ListAsync<Node>(null, ListQuery.All, limit.Token)).Items;
            IReadOnlyList<Pod> pods = (await client.ListAsync<Pod>(null, ListQuery.All, limit.Token)).Items;
            IReadOnlyList<Service> services = (await client.ListAsync<Service>(null, ListQuery.All, limit.Token)).Items;
            int readyNodes = nodes.Count(node => node.Status?.Conditions.Any(condition => condition is { Type: "Ready", Status: "True" }) == true);
            Console.WriteLine($"{"nodes",-20} {readyNodes} of {nodes.Count} ready");
            Console.WriteLine($"{"pods",-20} {pods.Count(pod => pod.Status?.Phase == "Running")} of {pods.Count} running");
            Console.WriteLine($"{"services",-20} {services.Count}");
            return readyNodes == nodes.Count;
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or StatusException or OperationCanceledException or Grpc.Core.RpcException)
        {
            Console.WriteLine($"{"nodes, pods, services",-20} unknown: {failure.Message.ReplaceLineEndings(" ")}");
            return false;
        }
    }

    // The way each service port takes through this node, and why: a line each, NAME PROTOCOL PATH REASON.
    private static async Task ShowPathsAsync(HttpClient http, string url, CancellationToken cancellationToken)
    {
        try
        {
            string[] lines = (await http.GetStringAsync(url, cancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            foreach (string line in lines.Take(MaxPaths))
                if (line.Split('\t') is [var name, var protocol, var path, var why]) Console.WriteLine($"  {name,-40} {protocol,-4} {path,-9} {why}");
            if (lines.Length > MaxPaths) Console.WriteLine($"  and {lines.Length - MaxPaths} more: {url} tells all");
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // A proxy that does not run is told above.
        }
    }

    // Only this machine's own health paths are asked, which hold nothing secret; the API's contents go through the verified client.
    private static HttpClient LocalHttp() =>
        new(new HttpClientHandler { ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator }) { Timeout = Limit };
}
