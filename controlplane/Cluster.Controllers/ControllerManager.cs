using Cluster.Client;
using Cluster.Controllers.Framework;
using Cluster.Controllers.Nodes;
using Microsoft.Extensions.Logging;

namespace Cluster.Controllers;

/// <summary>Runs the chosen controllers while it leads: each on its own queue and workers, all on shared informers.</summary>
public sealed class ControllerManager
{
    private readonly IApiClient _client;
    private readonly ControllerManagerOptions _options;
    private readonly ILoggerFactory _logs;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly IReadOnlyList<ControllerRegistration> _chosen;
    private readonly Dictionary<string, IApiClient> _accounts = [];
    private volatile LeaderElector? _elector;
    private volatile bool _isRunning;

    /// <exception cref="ArgumentException">The options name a controller that there is not, or nodes' ranges that do not fit the cluster's.</exception>
    /// <exception cref="FormatException">The cluster's range is no CIDR.</exception>
    public ControllerManager(IApiClient client, ControllerManagerOptions options, ILoggerFactory logs, TimeProvider time)
    {
        _client = client;
        _options = options;
        _logs = logs;
        _time = time;
        _logger = logs.CreateLogger<ControllerManager>();
        _chosen = ControllerSelection.Choose(ControllerCatalog.All, options.Controllers);
        if (options.ClusterCidr is { } cidr)
        {
            // Said at start, not by each term of leadership.
            _ = new CidrRange(cidr, options.NodeCidrMaskSize);
        }
    }

    /// <summary>Names of all controllers, for help texts.</summary>
    public static IEnumerable<string> Names => ControllerCatalog.All.Select(one => one.Name);

    /// <summary>The controllers run, or another manager leads and this one stands by.</summary>
    public bool IsReady => _isRunning || _elector?.IsStandby == true;

    /// <summary>Runs until cancelled, then returns.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (!_options.LeaderElect)
        {
            await LeadAsync(cancellationToken);
            return;
        }

        var election = new LeaderElectionOptions
        {
            Name = "kube-controller-manager",
            Identity = _options.Identity ?? $"{Environment.MachineName}_{Guid.NewGuid():N}",
        };
        _elector = new(_client, election, _logger, _time);
        await _elector.RunAsync(LeadAsync, cancellationToken);
    }

    /// <summary>One term: everything is made anew, for what was known before may be wrong.</summary>
    private async Task LeadAsync(CancellationToken cancellationToken)
    {
        var recorders = new List<EventRecorder>();
        var context = new ControllerContext(_client, _options, _logs, _time) { Events = component => Record(recorders, component) };
        var informers = new InformerFactory(_client, _logger, _time) { PacksUnread = true };
        var loops = _chosen.Select(one => new ControllerLoop(one.Create(context with { Client = ClientOf(one) }), informers, _logs.CreateLogger($"Cluster.Controllers.{one.Name}"), _time));
        var running = loops.Select(loop => loop.RunAsync(cancellationToken)).Append(informers.RunAsync(cancellationToken)).ToList();
        try
        {
            await informers.WaitForSyncAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _isRunning = true;
            await Task.WhenAll(running);
        }
        finally
        {
            _isRunning = false;
            foreach (var recorder in recorders)
            {
                await recorder.DisposeAsync();
            }
        }
    }

    // Terms follow each other: the clients of one are there for the next.
    private IApiClient ClientOf(ControllerRegistration one)
    {
        if (_options.AccountClients is not { } make || ControllerAccounts.Of(one.Name) is not { } account)
            return _client;
        if (!_accounts.TryGetValue(account, out var client))
            _accounts[account] = client = make(account);
        return client;
    }

    private EventRecorder Record(List<EventRecorder> recorders, string component)
    {
        var recorder = new EventRecorder(_client, component, _time, _logger);
        recorders.Add(recorder);
        return recorder;
    }
}
