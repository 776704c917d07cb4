using Cluster.Dataplane;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Config;

/// <summary>Feeds the data plane from a load balancer file and follows its changes.</summary>
/// <remarks>A file that can't be used is refused with line and reason, and the table stays as it was.</remarks>
public sealed class ConfigFileSource(string path, ILogger logger, TimeProvider time)
{
    /// <summary>A look at where the file is and two numbers of it; notifications would miss what editors and mounted volumes do by renaming.</summary>
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(500);

    /// <summary>Some 4,000 services of 10 backends.</summary>
    private const long LongFileBytes = 1 << 20;

    private readonly Dictionary<ServicePortId, LoadBalancerService> _known = [];
    private (string Place, DateTime WrittenAt, long Length) _seen;
    private LoadBalancerConfig? _config;

    /// <summary>Reads the file for the first time.</summary>
    /// <exception cref="ConfigException">It can't be used.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public LoadBalancerConfig Read()
    {
        _seen = Look();
        return _config = Parse();
    }

    /// <summary>Puts what <see cref="Read"/> found into effect.</summary>
    /// <remarks>Before there are clients: what reading a long file left behind is collected, all else standing still.</remarks>
    public async Task ApplyAsync(NodeDataplane dataplane)
    {
        await ApplyAsync(dataplane, _config ?? throw new InvalidOperationException("The file has not been read"));
        CollectAfterLongFile(hasClients: false);
    }

    /// <summary>Follows changes until cancelled.</summary>
    public async Task RunAsync(NodeDataplane dataplane, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LookPeriod, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken)) await ReloadIfChangedAsync(dataplane);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The way to stop it.
        }
    }

    private async Task ReloadIfChangedAsync(NodeDataplane dataplane)
    {
        try
        {
            var now = Look();
            if (now == _seen) return;
            _seen = now;
            var config = Parse();
            if (config.Threads != _config?.Threads) logger.LogWarning("{File}: another number of threads takes effect at the next start", path);
            if (config.ConnectTimeout != _config?.ConnectTimeout) logger.LogWarning("{File}: another connectTimeout takes effect at the next start", path);
            if (!Equals(config.Metrics, _config?.Metrics)) logger.LogWarning("{File}: another address of metrics takes effect at the next start", path);
            await ApplyAsync(dataplane, config);
            CollectAfterLongFile(hasClients: true);
            logger.LogInformation("{File} was read again: {Count} services", path, _known.Count);
        }
        catch (ConfigException exception)
        {
            logger.LogError("{File} is refused, the services stay as they were: {Reason}", path, exception.Message);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Away for a moment while it is replaced, or for good: the next look tells.
            _seen = ("", default, -1);
            logger.LogDebug(exception, "{File} can't be read", path);
        }
    }

    private Task ApplyAsync(NodeDataplane dataplane, LoadBalancerConfig config)
    {
        var gone = new HashSet<ServicePortId>(_known.Keys);
        foreach (var service in config.Services)
        {
            gone.Remove(service.Id);
            // Most of a long file is as it was.
            if (_known.TryGetValue(service.Id, out var before) && before == service) continue;
            dataplane.Directory.Set(service.ToServicePort(), service.ToBackends());
            _known[service.Id] = service;
        }

        foreach (var id in gone)
        {
            dataplane.Directory.Remove(id);
            _known.Remove(id);
        }

        // What is in force is kept once, and as it was read first.
        _config = config with { Services = [] };
        return dataplane.Publish();
    }

    // What reading leaves behind is many times what is kept of it, and the runtime would let it lie until much more has come up. While there are
    // clients it is collected beside them: to compact 10,000 services of 10 backends lets traffic stand still for 40 to 60 ms.
    private void CollectAfterLongFile(bool hasClients)
    {
        if (_seen.Length < LongFileBytes) return;
        if (hasClients) GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
        else GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    private LoadBalancerConfig Parse()
    {
        using var text = new StreamReader(path);
        return LoadBalancerFile.Parse(text);
    }

    // Of the file that links lead to, and where it is: a ConfigMap's is exchanged by a link on the way, and may be as old and as long.
    private (string Place, DateTime WrittenAt, long Length) Look()
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var place = OperatingSystem.IsLinux() ? File.ResolveLinkTarget($"/proc/self/fd/{file.DangerousGetHandle()}", returnFinalTarget: false)?.FullName : null;
        return (place ?? path, File.GetLastWriteTimeUtc(file), RandomAccess.GetLength(file));
    }
}
