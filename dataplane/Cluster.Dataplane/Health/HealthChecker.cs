using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Health;

/// <summary>Checks the backends of service ports that ask for it, and has those that do not answer left out of balancing.</summary>
/// <remarks>
/// A loop a backend, begun and ended as tables change, by one caller; checks of different backends run beside each other. A new backend counts
/// as answering until its checks say otherwise, and where none of a service port's does, all are used.
/// </remarks>
public sealed class HealthChecker(ServiceDirectory directory, TimeProvider time) : IAsyncDisposable
{
    private readonly Dictionary<ServicePortId, List<Checked>> _checked = [];

    /// <summary>Follows a change of the table that is in force by now.</summary>
    public void Follow(ServiceTableChange change)
    {
        var id = (change.After ?? change.Before)!.Port.Id;
        var known = _checked.GetValueOrDefault(id) ?? [];
        var check = change.After?.Port.HealthCheck;
        var next = check is null ? [] : change.After!.Backends.ToArray().Where(backend => backend.Health != BackendHealth.NotReady).ToList();
        if (known.Count + next.Count == 0) return;

        var kept = known.Where(one => one.Check == check && next.Exists(one.Backend.IsSameAs)).ToList();
        foreach (var gone in known.Except(kept)) End(gone, change.After);
        foreach (var backend in next.Where(backend => !kept.Exists(one => one.Backend.IsSameAs(backend)))) kept.Add(Begin(change.After!, backend, check!));
        if (kept.Count == 0) _checked.Remove(id);
        else _checked[id] = kept;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var one in _checked.Values.SelectMany(list => list))
        {
            await one.Stopping.CancelAsync();
            await one.Loop;
            one.Stopping.Dispose();
        }

        _checked.Clear();
    }

    private Checked Begin(ServiceEntry entry, Backend backend, HealthCheck check)
    {
        var stopping = new CancellationTokenSource();
        return new Checked(backend, check, stopping, Task.Run(() => RunAsync(entry, backend, check, stopping.Token)));
    }

    // Its loop ends by itself; what it last said is not true of anything any more.
    private void End(Checked gone, ServiceEntry? entry)
    {
        gone.Stopping.Cancel();
        if (gone.Backend.State.TrySetDown(false) && entry is not null) directory.RefreshAvailability(entry);
    }

    private async Task RunAsync(ServiceEntry entry, Backend backend, HealthCheck check, CancellationToken cancellationToken)
    {
        var inARow = 0;
        try
        {
            // Spread over the interval: the backends of a table are not all asked at once.
            await Task.Delay(check.Interval * Random.Shared.NextDouble(), time, cancellationToken);
            while (true)
            {
                var answer = await HealthProbe.AskAsync(backend.Address, check, time, cancellationToken);
                cancellationToken.ThrowIfCancellationRequested();
                if (answer is { } passed)
                {
                    inARow = passed == backend.State.IsDown ? inARow + 1 : 0;
                    if (inARow >= (passed ? check.Rise : check.Fall))
                    {
                        inARow = 0;
                        if (backend.State.TrySetDown(!passed)) directory.RefreshAvailability(entry);
                    }
                }

                await Task.Delay(check.Interval, time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The backend is checked no more. What a check that was under way may have said goes with it.
            if (backend.State.TrySetDown(false)) directory.RefreshAvailability(entry);
        }
    }

    private sealed record Checked(Backend Backend, HealthCheck Check, CancellationTokenSource Stopping, Task Loop);
}
