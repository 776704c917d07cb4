using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.SocketLb;
using Cluster.Dataplane.Tcp;
using Cluster.Proxy.Serving;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Config;

/// <summary>The data plane alone, as a load balancer: <c>cluster proxy --config FILE</c>. Leaves nothing on the host and needs no privileges.</summary>
/// <remarks>Services of the path connect have BPF programs attached while it runs, for clients in the host's network namespace; where that is not permitted they take the loops.</remarks>
/// <param name="path">The file.</param>
/// <param name="logs">Where it tells what happens.</param>
/// <param name="time">Its clock.</param>
/// <param name="succession">How it takes over from a process that runs already, and is taken over from; null: neither.</param>
/// <param name="drainTimeout">How long its connections may go on once it has been taken over from.</param>
public sealed class FileProxy(string path, ILoggerFactory logs, TimeProvider time, Succession? succession = null, TimeSpan drainTimeout = default)
{
    private readonly Succession _succession = succession ?? new Succession(null, logs.CreateLogger<Succession>());
    private readonly ILogger _logger = logs.CreateLogger<FileProxy>();
    private volatile NodeDataplane? _dataplane;

    /// <summary>The file was read and its frontends opened.</summary>
    public bool IsReady { get; private set; }

    /// <summary>Connections and sessions being relayed. Any thread.</summary>
    public int Clients => _dataplane is { } dataplane ? dataplane.ActiveConnections + dataplane.ActiveSessions : 0;

    /// <summary>Runs until cancelled, or until another process has taken over and the connections there were have ended.</summary>
    /// <exception cref="HandoverException">It could not take over from the process that serves, which serves on.</exception>
    /// <exception cref="ConfigException">The file can't be used at the start.</exception>
    /// <exception cref="IOException">The file can't be read at the start.</exception>
    /// <exception cref="InvalidOperationException">The port of metrics is taken.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var source = new ConfigFileSource(path, logs.CreateLogger<ConfigFileSource>(), time);
        var config = source.Read();
        _succession.Begin();
        var options = new DataplaneOptions
        {
            Sockets = _succession.Sockets, Threads = config.Threads ?? 0, Tcp = Relays(config), SocketLb = new SocketLoadBalancerOptions { OnlyWhereAsked = true },
        };
        using var metrics = config.Metrics is null ? null : new MetricsText();
        await using var dataplane = new NodeDataplane(options, new HostAddressesOnly(), logs, time);
        _dataplane = dataplane;
        // Before the data plane goes: nobody is handed over what is being closed.
        using var succeeding = _succession;
        dataplane.FrontendReported += (frontend, result) =>
        {
            if (result.Error == FrontendError.Withdrawn) return;
            if (result.IsOpen) _logger.LogInformation("{Frontend} is open now", frontend);
            else _logger.LogError("{Frontend} can't be opened, trying again: {Message}", frontend, result.Message);
        };
        await using var server = metrics is null ? null : Serve(config.Metrics!, path => Answer(path, metrics, dataplane));
        await dataplane.StartAsync([], cancellationToken);
        await source.ApplyAsync(dataplane);
        IsReady = true;
        await _succession.TakeOverAsync(dataplane);
        _succession.StandReady(dataplane);
        using var following = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = source.RunAsync(dataplane, following.Token);
        await Task.WhenAny(reading, _succession.HandedOver);
        await following.CancelAsync();
        await reading;
        if (cancellationToken.IsCancellationRequested) return;
        if (server is not null) await server.DisposeAsync();
        using var left = _succession.TellWhatIsLeft(() => LeftText.Of(dataplane.Directory));
        _logger.LogInformation("{Connections} connections go on here for {Limit} at most", dataplane.ActiveConnections, drainTimeout);
        await dataplane.DrainAsync(drainTimeout, cancellationToken);
    }

    private static TcpRelayOptions Relays(LoadBalancerConfig config)
    {
        var options = new TcpRelayOptions();
        return config.ConnectTimeout is { } timeout ? options with { ConnectTimeouts = [timeout], ConnectBudget = timeout * options.ConnectTimeouts.Count } : options;
    }

    private HttpResponder Serve(IPEndPoint endPoint, Func<string, HttpResponse?> answer)
    {
        try
        {
            return new HttpResponder(endPoint, answer, _logger, _succession);
        }
        catch (SocketException exception)
        {
            throw new InvalidOperationException($"cannot listen on {endPoint}: {exception.Message}", exception);
        }
    }

    private HttpResponse? Answer(string path, MetricsText metrics, NodeDataplane dataplane) => path switch
    {
        "/healthz" or "/livez" => HttpResponse.Text(200, "ok"),
        "/readyz" => IsReady ? HttpResponse.Text(200, "ok") : HttpResponse.Text(503, "the file has not been read yet"),
        _ => DataplaneAnswers.For(path, metrics, dataplane, _succession),
    };
}
