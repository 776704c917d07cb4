using Cluster.Api;
using Cluster.Api.DiscoveryV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.ServiceEndpoints;

/// <summary>Makes the slices that one manager keeps for a service what they shall be.</summary>
internal sealed class SliceReconciler
{
    private const string ByService = "service";

    private static readonly TimeSpan Recheck = TimeSpan.FromSeconds(1);

    private readonly ControllerContext _context;
    private readonly string _manager;
    private readonly Informer<EndpointSlice> _slices;
    private readonly SliceWrites _writes;

    public SliceReconciler(ControllerContext context, string manager, ControllerWatches watches)
    {
        _context = context;
        _manager = manager;
        _writes = new(context.Time);
        _slices = watches.On<EndpointSlice>((old, current) => Changed(watches, old, current));
        _slices.AddIndex(ByService, slice => [SliceLabels.ServiceOf(slice).ToString()]);
    }

    /// <summary>When to look again at a service whose slices the cache does not show as last written; null where it does.</summary>
    /// <remarks>
    /// An ordinary thing, no failure: the watch is a little behind. The slice coming in wakes the service sooner; the time is for one that
    /// never comes.
    /// </remarks>
    public TimeSpan? Behind(ObjectKey service) => _writes.IsPending(service, _slices.Get) ? Recheck : null;

    /// <summary>To be asked for only while the cache is not <see cref="Behind"/>.</summary>
    /// <param name="owner">The service or Endpoints object the slices belong to.</param>
    /// <param name="labels">Labels of each slice besides the managing ones.</param>
    /// <param name="wanted">What the slices shall hold together.</param>
    /// <param name="trigger">When the change happened, or null.</param>
    /// <param name="cancellationToken">Ends the writes.</param>
    public async Task ReconcileAsync(
        IApiObject owner, IEnumerable<KeyValuePair<string, string>> labels, IReadOnlyList<SliceContent> wanted, string? trigger, CancellationToken cancellationToken)
    {
        var key = ObjectKey.Of(owner);
        var mine = Existing(key);
        var plan = SlicePlan.Make(wanted, mine);
        var allLabels = labels.Append(new(SliceLabels.ServiceName, key.Name)).Append(new(SliceLabels.ManagedBy, _manager)).ToList();
        Relabel(plan, mine, allLabels);
        foreach (var content in plan.Creates)
        {
            await CreateAsync(owner, allLabels, content, trigger, cancellationToken);
        }

        foreach (var slice in plan.Updates)
        {
            SetTrigger(slice, trigger);
            _writes.Wrote(await _context.Client.UpdateAsync(slice, cancellationToken));
        }

        foreach (var slice in plan.Deletes)
        {
            await DeleteAsync(slice, cancellationToken);
        }
    }

    /// <summary>The service is no longer ours to serve.</summary>
    public async Task DeleteAllAsync(ObjectKey service, CancellationToken cancellationToken)
    {
        foreach (var slice in Existing(service))
        {
            await DeleteAsync(slice, cancellationToken);
        }
    }

    private List<EndpointSlice> Existing(ObjectKey service) =>
        [.. _slices.ByIndex(ByService, service.ToString()).Where(slice => SliceLabels.ManagerOf(slice) == _manager && slice.Metadata.DeletionTimestamp is null)];

    /// <summary>Slices whose labels are not the service's any more are written too.</summary>
    private static void Relabel(SlicePlan plan, List<EndpointSlice> existing, List<KeyValuePair<string, string>> labels)
    {
        foreach (var slice in existing.Where(slice => !plan.Deletes.Contains(slice) && !HasLabels(slice, labels)))
        {
            if (!plan.Updates.Any(update => update.Metadata.Name == slice.Metadata.Name))
            {
                plan.Updates.Add(slice.Clone());
            }
        }

        foreach (var update in plan.Updates)
        {
            update.Metadata.Labels.Clear();
            SetLabels(update, labels);
        }
    }

    private static bool HasLabels(EndpointSlice slice, List<KeyValuePair<string, string>> labels)
    {
        var probe = new EndpointSlice { Metadata = new() };
        SetLabels(probe, labels);
        return probe.Metadata.Labels.Equals(slice.Metadata.Labels);
    }

    private static void SetLabels(EndpointSlice slice, List<KeyValuePair<string, string>> labels)
    {
        foreach (var (label, value) in labels)
        {
            slice.Metadata.Labels[label] = value;
        }
    }

    private async Task CreateAsync(
        IApiObject owner, List<KeyValuePair<string, string>> labels, SliceContent content, string? trigger, CancellationToken cancellationToken)
    {
        var slice = new EndpointSlice
        {
            Metadata = new()
            {
                Namespace = owner.Metadata.Namespace,
                GenerateName = owner.Metadata.Name + "-",
                OwnerReferences = { OwnerReferences.ToController(owner) },
            },
            AddressType = content.AddressType,
            Ports = { content.Ports },
            Endpoints = { content.Endpoints },
        };
        SetLabels(slice, labels);
        SetTrigger(slice, trigger);
        try
        {
            _writes.Wrote(await _context.Client.CreateAsync(slice, cancellationToken));
        }
        catch (StatusException e) when (NamespaceEnd.Explains(e))
        {
            // It goes with its namespace.
        }
    }

    private async Task DeleteAsync(EndpointSlice slice, CancellationToken cancellationToken)
    {
        _writes.Deleted(slice);
        try
        {
            var options = new Api.MetaV1.DeleteOptions { Preconditions = new() { Uid = slice.Metadata.Uid } };
            await _context.Client.DeleteAsync<EndpointSlice>(slice.Metadata.Namespace, slice.Metadata.Name, options, cancellationToken);
        }
        catch (StatusException e) when (e.IsNotFound || e.IsConflict)
        {
            _writes.SawDeleted(slice);
        }
        catch
        {
            _writes.SawDeleted(slice);
            throw;
        }
    }

    private void Changed(ControllerWatches watches, EndpointSlice? old, EndpointSlice? current)
    {
        if (current is null)
        {
            _writes.SawDeleted(old!);
        }

        foreach (var slice in (EndpointSlice?[])[old, current])
        {
            if (slice is not null && SliceLabels.ServiceOf(slice) is { Name.Length: > 0 } service)
            {
                watches.Add(service);
            }
        }
    }

    private static void SetTrigger(EndpointSlice slice, string? trigger)
    {
        if (trigger is null)
        {
            slice.Metadata.Annotations.Remove(TriggerTimes.Annotation);
        }
        else
        {
            slice.Metadata.Annotations[TriggerTimes.Annotation] = trigger;
        }
    }
}
