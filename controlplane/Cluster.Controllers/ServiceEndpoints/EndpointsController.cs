using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Controllers.Framework;
using Google.Protobuf.Collections;

namespace Cluster.Controllers.ServiceEndpoints;

/// <summary>Writes the Endpoints object of every service with a selector: the addresses of its pods.</summary>
internal sealed class EndpointsController(ControllerContext context) : IController
{
    private const string HeadlessLabel = "service.kubernetes.io/headless";
    private const string CapacityAnnotation = "endpoints.kubernetes.io/over-capacity";
    private const string LeaderAnnotation = "control-plane.alpha.kubernetes.io/leader";

    private static readonly TimeSpan Recheck = TimeSpan.FromSeconds(1);

    private readonly EventRecorder _events = context.Events("endpoint-controller");
    private readonly TriggerTimes _triggers = new();
    private ServicePods _pods = null!;
    private Informer<Endpoints> _endpoints = null!;

    public string Name => "endpoint";

    public void Watch(ControllerWatches watches)
    {
        _pods = new(watches);
        _endpoints = watches.Read<Endpoints>();
        _endpoints.AddHandler((old, current) =>
        {
            // Of a service that is there: our own write, seen late, or someone else's; both may differ from what we last decided. Found at our
            // start without one: the service may have gone while we were away. One that appears later may be waiting for its service.
            var key = ObjectKey.Of((current ?? old)!);
            if (_pods.Get(key) is not null || (old is null && !_endpoints.HasSynced))
            {
                watches.Add(key);
            }
        });
    }

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var current = _endpoints.Get(key);
        if (_pods.Get(key) is not { } service)
        {
            _triggers.Forget(key);
            await DeleteAsync(key, current, cancellationToken);
        }
        else if (ServicePods.Selects(service))
        {
            return await WriteAsync(service, current, cancellationToken);
        }

        return null;
    }

    private async Task<TimeSpan?> WriteAsync(Service service, Endpoints? current, CancellationToken cancellationToken)
    {
        var pods = _pods.Of(service);
        var trigger = _triggers.Next(service, pods);
        var wanted = current?.Clone() ?? new() { Metadata = new() { Namespace = service.Metadata.Namespace, Name = service.Metadata.Name } };
        var subsets = EndpointSubsets.Build(service, pods);
        var cut = EndpointSubsets.Truncate(subsets);
        SetLabels(wanted.Metadata.Labels, service);
        SetAnnotation(wanted, CapacityAnnotation, cut ? "truncated" : null);
        wanted.Subsets.Clear();
        wanted.Subsets.Add(subsets);
        if (current is not null && Same.Meaning(wanted, current))
        {
            return null;
        }

        SetAnnotation(wanted, TriggerTimes.Annotation, trigger);
        try
        {
            await (current is null ? context.Client.CreateAsync(wanted, cancellationToken) : context.Client.UpdateAsync(wanted, cancellationToken));
        }
        catch (StatusException e) when (NamespaceEnd.Explains(e))
        {
            // The service goes with its namespace: nothing to write.
        }
        catch (StatusException e) when (current is null && e.IsAlreadyExists)
        {
            // Our cache is behind: the object coming in wakes the service, at the latest this does. Its times count as not yet told.
            _triggers.Forget(ObjectKey.Of(service));
            return Recheck;
        }
        catch (StatusException e) when (!e.IsConflict)
        {
            var verb = current is null ? "create" : "update";
            var reason = current is null ? "FailedToCreateEndpoint" : "FailedToUpdateEndpoint";
            _events.Record(service, "Warning", reason, $"Failed to {verb} endpoint {ObjectKey.Of(service)}: {e.Message}");
            throw;
        }

        return null;
    }

    private async Task DeleteAsync(ObjectKey key, Endpoints? current, CancellationToken cancellationToken)
    {
        if (current is null || current.Metadata.Annotations.ContainsKey(LeaderAnnotation))
        {
            return;
        }

        try
        {
            await context.Client.DeleteAsync<Endpoints>(key.Namespace, key.Name, null, cancellationToken);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // What we wanted.
        }
    }

    private static void SetLabels(MapField<string, string> labels, Service service)
    {
        labels.Clear();
        labels.Add(service.Metadata.Labels);
        labels.Remove(HeadlessLabel);
        if (ServicePods.IsHeadless(service))
        {
            labels[HeadlessLabel] = "";
        }
    }

    private static void SetAnnotation(Endpoints endpoints, string key, string? value)
    {
        if (value is null)
        {
            endpoints.Metadata.Annotations.Remove(key);
        }
        else
        {
            endpoints.Metadata.Annotations[key] = value;
        }
    }
}
