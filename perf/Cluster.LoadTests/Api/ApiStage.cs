using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Api;

/// <summary>The API server and the bare endpoint, both on the second core, and what the works need to be there.</summary>
internal sealed partial class ApiStage : IAsyncDisposable
{
    public const string Created = "/api/v1/namespaces/created/pods";
    public const string Listed = "/api/v1/namespaces/listed/pods";
    public const string Watched = "/api/v1/namespaces/watched/pods";
    public const string Protobuf = "application/vnd.kubernetes.protobuf";

    private const string User = "bench";
    private const int WatchedPods = 16;
    private static readonly string[] Namespaces = ["created", "listed", "watched"];

    private readonly string _data = Directory.CreateTempSubdirectory("cluster-bench-api-").FullName;
    private LoggedProgram? _etcd;
    private ApiServerProcess? _api;
    private LoggedProgram? _bare;
    private X509Certificate2? _client;
    private readonly List<string> _watchedPods = [];
    private long _ticks;

    public MeasuredServer Api { get; private set; } = null!;

    public MeasuredServer Bare { get; private set; } = null!;

    /// <summary>What etcd has used; null: there is none.</summary>
    public ProcessUse? StoreUse => _etcd is null ? null : ProcessUse.Of(_etcd.Pid);

    /// <summary>Bytes of a pod, of a list in each form, and of an event.</summary>
    public IReadOnlyDictionary<string, int> Sizes { get; private set; } = new Dictionary<string, int>();

    public static async Task<ApiStage> StartAsync(ApiOptions options)
    {
        var stage = new ApiStage();
        try
        {
            await stage.StartServersAsync(options);
            await stage.FillAsync(options);
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    /// <summary>The next state of one of the pods that are watched, and its path.</summary>
    public (string Path, byte[] Body) NextChange()
    {
        long tick = Interlocked.Increment(ref _ticks);
        int at = (int)(tick % WatchedPods);
        string body = _watchedPods[at].Replace("\"example.com/tick\":\"0\"", $"\"example.com/tick\":\"{tick.ToString(CultureInfo.InvariantCulture)}\"", StringComparison.Ordinal);
        return ($"{Watched}/{Pods.Name("watched", at)}", Encoding.UTF8.GetBytes(body));
    }

    public async ValueTask DisposeAsync()
    {
        Api?.Dispose();
        Bare?.Dispose();
        _bare?.Dispose();
        _api?.Dispose();
        _etcd?.Dispose();
        _client?.Dispose();
        await Task.Run(() => Directory.Delete(_data, recursive: true));
    }

    private async Task StartServersAsync(ApiOptions options)
    {
        string core = options.ServerCore.ToString(CultureInfo.InvariantCulture);
        string[] store = [];
        if (options.Etcd is { } etcd)
        {
            string client = $"http://127.0.0.1:{ApiServerProcess.FreePort()}", peer = $"http://127.0.0.1:{ApiServerProcess.FreePort()}";
            _etcd = StartingThread.Run(() => new LoggedProgram(
                "setpriv", "--pdeathsig", "KILL", "taskset", "-c", core, etcd, "--data-dir", Path.Combine(_data, "etcd"), "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", $"default={peer}", "--quota-backend-bytes", "8589934592"));
            store = ["--etcd-servers", client];
        }

        _api = await ApiServerProcess.StartAsync(options.Cluster, Path.Combine(_data, "cluster"), core, store);
        _client = _api.Sign(User, User);
        Api = new MeasuredServer("cluster apiserver", _api.Url, () => _api.Use, _api.Authority, _client);

        int port = ApiServerProcess.FreePort();
        _bare = StartingThread.Run(() => new LoggedProgram(
            "setpriv", "--pdeathsig", "KILL", "env", "DOTNET_TieredCompilation=1", "DOTNET_TieredPGO=1", "taskset", "-c", core,
            Environment.ProcessPath!, "api-bare", "--pki", Path.Combine(_api.Data, "pki"), "--port", port.ToString(CultureInfo.InvariantCulture)));
        Bare = new MeasuredServer("bare Kestrel endpoint", new Uri($"https://127.0.0.1:{port}"), () => ProcessUse.Of(_bare.Pid), _api.Authority, _client);
    }

    private async Task FillAsync(ApiOptions options)
    {
        using (HttpClient administrator = _api!.Administrator(System.Net.HttpVersion.Version20, null)) await BenchObjects.CreateAsync(administrator, User, Namespaces);
        await BenchObjects.CreatePodsAsync(Api, Listed, "listed", options.Listed, options.Concurrency);
        for (int i = 0; i < WatchedPods; i++)
        {
            byte[] made = await Api.SendAsync(HttpMethod.Post, Watched, Pods.Json(Pods.Name("watched", i)));
            // Without its version an update is never refused for another one's.
            _watchedPods.Add(ResourceVersion().Replace(Encoding.UTF8.GetString(made), ""));
        }

        byte[] pod = Encoding.UTF8.GetBytes(_watchedPods[0]);
        Dictionary<string, byte[]> contents = new()
        {
            ["object"] = await Api.SendAsync(HttpMethod.Get, $"{Listed}/{Pods.Name("listed", 0)}"),
            ["list"] = await Api.SendAsync(HttpMethod.Get, Listed),
            ["list-protobuf"] = await Api.SendAsync(HttpMethod.Get, Listed, accept: Protobuf),
            ["event"] = [.. "{\"type\":\"MODIFIED\",\"object\":"u8, .. pod, .. "}\n"u8],
        };
        await WaitForBareAsync(contents["object"]);
        foreach ((string name, byte[] content) in contents) await Bare.SendAsync(HttpMethod.Put, $"/content/{name}", content);
        Sizes = contents.ToDictionary(pair => pair.Key, pair => pair.Value.Length);
    }

    private async Task WaitForBareAsync(byte[] content)
    {
        for (int tries = 0; ; tries++)
        {
            try
            {
                await Bare.SendAsync(HttpMethod.Put, "/content/object", content);
                return;
            }
            catch (HttpRequestException) when (tries < 200)
            {
                await Task.Delay(50);
            }
        }
    }

    [GeneratedRegex("\"resourceVersion\":\"[0-9]+\",")]
    private static partial Regex ResourceVersion();
}
