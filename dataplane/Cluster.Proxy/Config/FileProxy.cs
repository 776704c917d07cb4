using Cluster.Dataplane;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Config;

/// <summary>The data plane alone, as a load balancer: <c>cluster proxy --config FILE</c>. Changes nothing on the host and needs no privileges.</summary>
public sealed class FileProxy(string path, ILoggerFactory logs, TimeProvider time)
{
    private readonly ILogger _logger = logs.CreateLogger<FileProxy>();

    /// <summary>The file was read and its frontends opened.</summary>
    public bool IsReady { get; private set; }

    /// <summary>Runs until cancelled.</summary>
    /// <exception cref="ConfigException">The file can't be used at the start.</exception>
    /// <exception cref="IOException">The file can't be read at the start.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var source = new ConfigFileSource(path, logs.CreateLogger<ConfigFileSource>(), time);
        var options = new DataplaneOptions { Threads = source.Read().Threads ?? 0 };
        await using var dataplane = new NodeDataplane(options, new HostAddressesOnly(), logs, time);
        dataplane.FrontendReported += (frontend, result) =>
        {
            if (result.Error == FrontendError.Withdrawn) return;
            if (result.IsOpen) _logger.LogInformation("{Frontend} is open now", frontend);
            else _logger.LogError("{Frontend} can't be opened, trying again: {Message}", frontend, result.Message);
        };
        await dataplane.StartAsync([], cancellationToken);
        await source.ApplyAsync(dataplane);
        IsReady = true;
        await source.RunAsync(dataplane, cancellationToken);
    }
}
