using Cluster.Client;
using Cluster.Dataplane.Handover;
using Cluster.Proxy.Config;
using Cluster.Proxy.Restart;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.CommandLine;

/// <summary>Runs the proxy that settings describe: over a load balancer file, or over any Kubernetes API server.</summary>
public sealed class ProxyProgram(ProxySettings settings, ILoggerFactory logs, TimeProvider time)
{
    private const string StateFolder = "/run/cluster-proxy";

    private readonly ILogger _logger = logs.CreateLogger<ProxyProgram>();
    private readonly ServiceManager _manager = ServiceManager.OfEnvironment(time);
    private Func<bool> _isReady = () => false;
    private Func<int> _clients = () => 0;

    /// <summary>What a proxy in the place of kube-proxy does unless it is told otherwise: another answers DNS, and ranges are not known.</summary>
    public static ProxyOptions DropIn { get; } = new()
    {
        DnsAddress = null,
        PodRanges = [],
        ServiceRanges = [],
        OwnedPath = Path.Combine(StateFolder, "owned"),
        SavedPath = Path.Combine(StateFolder, "services"),
        NamespaceFolders = ["/run/docker/netns", "/run/netns", "/var/run/netns"],
    };

    /// <summary>Services are served: the file's, or those of the API's first list.</summary>
    public bool IsReady => _isReady();

    /// <summary>Connections and sessions that relays have now.</summary>
    public int Clients => _clients();

    /// <summary>Read by the first socket of the process: completions on the thread that polled it are worth +45% requests a second to the managed path.</summary>
    public static void CompleteInline()
    {
        const string name = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
        // Who has set it has a reason.
        if (Environment.GetEnvironmentVariable(name) is null) Environment.SetEnvironmentVariable(name, "1");
    }

    /// <summary>Runs until cancelled, or until what there is to clean up is gone.</summary>
    /// <exception cref="UsageException">A file, an address or the connection can't be used.</exception>
    public Task RunAsync(CancellationToken cancellationToken)
    {
        if (settings.WithoutEffect.Count > 0) _logger.LogInformation("Without effect in this proxy: {Flags}", string.Join(", ", settings.WithoutEffect));
        if (settings.Cleanup) return CleanUpAsync(settings.Options, cancellationToken);
        return settings.LoadBalancerFile is { } file ? RunFileAsync(file, cancellationToken) : RunClusterAsync(cancellationToken);
    }

    private async Task RunFileAsync(string file, CancellationToken cancellationToken)
    {
        using var succession = Succession(HandoverFolders.ForFile(file));
        var proxy = new FileProxy(file, logs, time, succession, settings.Options.DrainTimeout);
        _isReady = () => proxy.IsReady;
        _clients = () => proxy.Clients;
        try
        {
            await RunAsync(proxy.RunAsync, succession, cancellationToken);
        }
        catch (Exception failure) when (failure is ConfigException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--config {file}: {failure.Message}", exitCode: 1);
        }
        catch (HandoverException failure)
        {
            throw new UsageException(failure.Message, exitCode: 1);
        }
    }

    // With whatever can be asked of it from outside meanwhile.
    private async Task RunAsync(Func<CancellationToken, Task> run, Succession succession, CancellationToken cancellationToken)
    {
        using var successor = new SuccessorOnSignal(succession, logs.CreateLogger<SuccessorOnSignal>(), _manager);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var following = _manager.FollowAsync(_isReady, succession, ended.Token);
        try
        {
            await run(cancellationToken);
        }
        finally
        {
            await ended.CancelAsync();
            await following;
        }
    }

    private Succession Succession(string? folder) => new(settings.TakesOver ? folder : null, logs.CreateLogger<Succession>());

    private async Task RunClusterAsync(CancellationToken cancellationToken)
    {
        var options = settings.Options;
        if (options is { KernelNat: true, NodePortRanges.Count: > 0 } or { KernelNat: true, NodePortsAtPrimary: true }) throw new UsageException("--nodeport-addresses is not kept by --proxy-mode nftables: leave one of them out");
        var connection = ApiServerConnection.Find(settings);
        if (options.CaptureVirtualAddresses && !Environment.IsPrivilegedProcess) throw new UsageException("service addresses need root (routes, ports): run it as root");
        CreateFolder(options);
        using var client = new RestApiClient(connection, new ApiClientOptions { UserAgent = "cluster-proxy/0.1.0", ProtobufBodies = true });
        if (options.PodRanges.Count == 0) options = options with { PodRanges = await NodePodRanges.FindAsync(client, options.NodeName, _logger, cancellationToken) };
        _logger.LogInformation("Services of {Server} are served on node {Node}", connection.Server, options.NodeName);
        // Where what is owned on the host is written: who has the same there is the same proxy.
        using var succession = Succession(Path.GetDirectoryName(options.OwnedPath) is { Length: > 0 } state ? Path.Combine(state, "handover") : null);
        var proxy = new KubeProxy(client, options, logs, time, succession);
        _isReady = () => proxy.IsReady;
        _clients = () => proxy.Clients;
        try
        {
            await RunAsync(proxy.RunAsync, succession, cancellationToken);
        }
        catch (HandoverException failure)
        {
            throw new UsageException(failure.Message, exitCode: 1);
        }
    }

    private async Task CleanUpAsync(ProxyOptions options, CancellationToken cancellationToken)
    {
        await NodePlane.RemoveAsync(options, logs, cancellationToken);
        if (options.OwnedPath is { } owned && new FileInfo(owned) is { Exists: true, Length: 0 }) File.Delete(owned);
        foreach (var folder in StateFolders(options))
            if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any()) Directory.Delete(folder);
    }

    private static void CreateFolder(ProxyOptions options)
    {
        foreach (var folder in StateFolders(options)) Directory.CreateDirectory(folder);
    }

    private static IEnumerable<string> StateFolders(ProxyOptions options) =>
        new[] { Path.GetDirectoryName(options.OwnedPath), Path.GetDirectoryName(options.SavedPath) }.Where(folder => !string.IsNullOrEmpty(folder)).Select(folder => folder!).Distinct();
}
