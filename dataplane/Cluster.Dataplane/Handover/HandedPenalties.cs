using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Handover;

/// <summary>Tells which backends balancing leaves out, and has a directory go on so: clients of the next process need not find out anew.</summary>
internal static class HandedPenalties
{
    public static IReadOnlyList<HandedPenalty> Of(ServiceTable table)
    {
        var result = new List<HandedPenalty>();
        foreach (ServiceEntry entry in table.Entries)
        {
            foreach (Backend backend in entry.Backends)
            {
                if (backend.State.IsAvailable) continue;
                long pauseMs = backend.State.IsBoxed ? Math.Max(1, (long)backend.State.Pause.TotalMilliseconds) : 0;
                result.Add(new HandedPenalty(entry.Port.Id, HandedBackend.Of(backend), backend.State.IsDown, pauseMs));
            }
        }

        return result;
    }

    public static void Restore(ServiceDirectory directory, IReadOnlyList<HandedPenalty> penalties)
    {
        if (penalties.Count == 0) return;
        Dictionary<ServicePortId, ServiceEntry> entries = directory.Current.Entries.ToDictionary(entry => entry.Port.Id);
        foreach (HandedPenalty penalty in penalties)
        {
            if (!entries.TryGetValue(penalty.Service, out ServiceEntry? entry) || penalty.Backend.In(entry) is not { } backend) continue;
            // Only a check that goes on says when it answers again.
            if (penalty.IsDown && entry.Port.HealthCheck is not null && backend.State.TrySetDown(true)) directory.RefreshAvailability(entry);
            if (penalty.PauseMs > 0) directory.Box.Continue(entry, backend, TimeSpan.FromMilliseconds(penalty.PauseMs));
        }
    }
}
