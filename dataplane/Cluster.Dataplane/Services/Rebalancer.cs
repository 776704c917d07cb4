namespace Cluster.Dataplane.Services;

/// <summary>
/// Decides how many connections each backend of a service port that asks for it should lose, so that what lasts spreads again after a
/// scale-up: those beyond its share of what this node has, a part of them a second.
/// </summary>
/// <remarks>
/// Where a traffic policy or a zone divides the backends, those alike share with each other. Relays end the connections, each at a moment when
/// nothing is under way. Its own loop; what it decides stands in <see cref="BackendState"/>.
/// </remarks>
public sealed class Rebalancer : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>A quarter of what is too much each second: 90% of it within 8 s, and clients never come back all at once.</summary>
    private const int PartPerPeriod = 4;

    /// <summary>A backend within a fiftieth of its share, or one connection, is left alone: policies themselves are no more even.</summary>
    private const int Slack = 50;

    private readonly PeriodicTimer _timer;
    private readonly ServiceDirectory _directory;
    private readonly Task _loop;

    public Rebalancer(ServiceDirectory directory, TimeProvider time)
    {
        _directory = directory;
        _timer = new PeriodicTimer(Period, time);
        _loop = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        await _loop;
    }

    /// <summary>Sets what each backend has too much.</summary>
    internal static void Plan(ServiceEntry entry)
    {
        // Of all that this node may use; those left out at present get their share back when they are.
        var backends = entry.UsableInside(TrafficScope.External);
        if (!IsDivided(entry.Port))
        {
            Plan(backends, entry.Policy.Weighs);
            return;
        }

        foreach (var alike in backends.ToArray().GroupBy(backend => PlaceOf(entry.Port, backend))) Plan([.. alike], entry.Policy.Weighs);
    }

    // Policies and zones lead connections to some of the backends alone. Whoever gets none would always be short of its share, and what
    // the others lose for it would come back to them.
    private static bool IsDivided(ServicePort port) => IsLocal(port) || port.PreferredZone is not null;

    private static bool IsLocal(ServicePort port) => port.InternalTrafficPolicy == TrafficPolicy.Local || port.ExternalTrafficPolicy == TrafficPolicy.Local;

    private static (bool IsLocal, bool IsNear) PlaceOf(ServicePort port, Backend backend) =>
        (IsLocal(port) && backend.IsLocal, port.PreferredZone is { } zone && backend.Zone == zone);

    private static void Plan(ReadOnlySpan<Backend> backends, bool weighs)
    {
        long connections = 0, weights = 0;
        foreach (var backend in backends)
        {
            connections += backend.State.Active;
            weights += WeightOf(backend);
        }

        foreach (var backend in backends)
        {
            var share = weights == 0 ? Ceiling(connections, backends.Length) : Ceiling(connections * WeightOf(backend), weights);
            var over = backend.State.Active - share;
            backend.State.Surplus = over > Math.Max(1, share / Slack) ? (int)Math.Max(1, over / PartPerPeriod) : 0;
        }

        // By the weights that the policy keeps: what is ended for others would come back to where it was.
        int WeightOf(Backend backend) => weighs ? Math.Max(0, backend.Weight) : 1;
    }

    // Where clients are led by their address, they would come back to where they were.
    private static bool Applies(ServicePort port) =>
        port.Rebalance && port.Id.Protocol == ServiceProtocol.Tcp && port.AffinityTimeout == TimeSpan.Zero && port.Policy != "maglev";

    private static long Ceiling(long value, long divisor) => (value + divisor - 1) / divisor;

    private async Task RunAsync()
    {
        while (await _timer.WaitForNextTickAsync())
        {
            foreach (var entry in _directory.Current.Entries)
                if (Applies(entry.Port)) Plan(entry);
        }
    }
}
