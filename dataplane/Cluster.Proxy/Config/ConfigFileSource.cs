using System.Threading.Channels;
using Cluster.Dataplane;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Config;

/// <summary>Feeds the data plane from a load balancer file and follows its changes.</summary>
/// <remarks>A file that can't be used is refused with line and reason, and the table stays as it was.</remarks>
public sealed class ConfigFileSource(string path, ILogger logger, TimeProvider time)
{
    /// <summary>A look at where the file is and two numbers of it: notices alone would miss what becomes of a link's target, and files of other machines.</summary>
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(500);

    /// <summary>Some 4,000 services of 10 backends.</summary>
    private const long LongFileBytes = 1 << 20;

    /// <summary>The link that is exchanged in a mounted ConfigMap's folder.</summary>
    private const string MountedVersion = "..data";

    /// <summary>Services parsed anew that leave behind enough to be worth a collection.</summary>
    private const int ManyServices = 1000;

    private readonly LoadBalancerReader _reader = new();
    // One, and not the pool's: that keeps one for each thread that ever gave one back, 4 MB of a file of 10,000 services.
    private byte[] _buffer = [];
    private FileVersion _seen;
    private FileVersion _looked;
    private int _renamed;
    private LoadBalancerRevision? _first;
    private LoadBalancerConfig? _config;

    /// <summary>Reads the file for the first time.</summary>
    /// <exception cref="ConfigException">It can't be used.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public LoadBalancerConfig Read()
    {
        _seen = FileVersion.Of(path);
        _first = Parse();
        return _config = _first.Config;
    }

    /// <summary>Puts what <see cref="Read"/> found into effect.</summary>
    /// <remarks>Before there are clients: what reading a long file left behind is collected, all else standing still.</remarks>
    public async Task ApplyAsync(NodeDataplane dataplane)
    {
        await ApplyAsync(dataplane, _first ?? throw new InvalidOperationException("The file has not been read"));
        _first = null;
        // While there are clients it is collected beside them: to compact 10,000 services of 10 backends lets traffic stand still for 40 to 60 ms.
        if (_seen.Length >= LongFileBytes) GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    /// <summary>Follows changes until cancelled.</summary>
    /// <remarks>
    /// A file that is renamed in its folder is read at once. One that is written where it is may be there in part, and a list that ends too early
    /// is a list: it is read once two looks have found the same.
    /// </remarks>
    public async Task RunAsync(NodeDataplane dataplane, CancellationToken cancellationToken)
    {
        var looks = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        await using var timer = time.CreateTimer(_ => looks.Writer.TryWrite(true), null, LookPeriod, LookPeriod);
        using var renames = WatchRenames(() =>
        {
            Volatile.Write(ref _renamed, 1);
            looks.Writer.TryWrite(true);
        });
        try
        {
            await RehearseAsync(dataplane);
            await foreach (var _ in looks.Reader.ReadAllAsync(cancellationToken)) await ReloadIfChangedAsync(dataplane);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The way to stop it.
        }
    }

    // Null where the system has none to give.
    private FileSystemWatcher? WatchRenames(Action look)
    {
        var whole = Path.GetFullPath(path);
        var name = Path.GetFileName(whole);
        FileSystemWatcher? watcher = null;
        try
        {
            watcher = new FileSystemWatcher(Path.GetDirectoryName(whole)!) { NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName };
            watcher.Renamed += (_, renamed) =>
            {
                if (renamed.Name == name || renamed.Name == MountedVersion) look();
            };
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or PlatformNotSupportedException)
        {
            watcher?.Dispose();
            logger.LogInformation("{File} is looked at every {Period}: its folder can't be watched: {Reason}", path, LookPeriod, exception.Message);
            return null;
        }
    }

    // The compiler has its work with the first reading that finds most as it was, which the first change would wait for.
    private async Task RehearseAsync(NodeDataplane dataplane)
    {
        try
        {
            if (FileVersion.Of(path) == _seen) await ApplyAsync(dataplane, Parse());
        }
        catch (Exception exception) when (exception is ConfigException or IOException or UnauthorizedAccessException)
        {
            // It has changed meanwhile: the next look tells.
            logger.LogDebug(exception, "{File} can't be read again", path);
        }
    }

    private async Task ReloadIfChangedAsync(NodeDataplane dataplane)
    {
        try
        {
            var isWhole = Interlocked.Exchange(ref _renamed, 0) != 0;
            var now = FileVersion.Of(path);
            isWhole |= now == _looked || (_seen.Place is not null && now.Place != _seen.Place);
            _looked = now;
            if (now == _seen || !isWhole) return;
            _seen = now;
            var revision = Parse();
            var config = revision.Config;
            if (config.Threads != _config?.Threads) logger.LogWarning("{File}: another number of threads takes effect at the next start", path);
            if (config.ConnectTimeout != _config?.ConnectTimeout) logger.LogWarning("{File}: another connectTimeout takes effect at the next start", path);
            if (!Equals(config.Metrics, _config?.Metrics)) logger.LogWarning("{File}: another address of metrics takes effect at the next start", path);
            await ApplyAsync(dataplane, revision);
            // What parsing leaves behind is many times what is kept of it, and the runtime would let it lie until much more has come up.
            if (config.Services.Count >= ManyServices) GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
            logger.LogInformation("{File} was read again: {Count} services", path, revision.Count);
        }
        catch (ConfigException exception)
        {
            logger.LogError("{File} is refused, the services stay as they were: {Reason}", path, exception.Message);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Away for a moment while it is replaced, or for good: the next look tells.
            _seen = default;
            logger.LogDebug(exception, "{File} can't be read", path);
        }
    }

    private Task ApplyAsync(NodeDataplane dataplane, LoadBalancerRevision revision)
    {
        foreach (var service in revision.Config.Services) dataplane.Directory.Set(service.ToServicePort(), service.ToBackends());
        foreach (var id in revision.Gone) dataplane.Directory.Remove(id);
        // The data plane has the services now.
        _config = revision.Config with { Services = [] };
        return dataplane.Publish();
    }

    private LoadBalancerRevision Parse()
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        Fit(Math.Min(file.Length + 1, Array.MaxLength));
        var length = file.ReadAtLeast(_buffer, _buffer.Length, throwOnEndOfStream: false);
        if (length == _buffer.Length) throw new IOException("it grows while it is read");
        return _reader.Read(new ArraySegment<byte>(_buffer, 0, length));
    }

    private void Fit(long bytes)
    {
        if (_buffer.Length >= bytes && _buffer.Length <= bytes * 2) return;
        // Room for some more services.
        _buffer = GC.AllocateUninitializedArray<byte>((int)Math.Min(bytes + (bytes / 16), Array.MaxLength));
    }
}
