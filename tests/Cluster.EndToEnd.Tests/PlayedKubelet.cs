using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Cluster.EndToEnd.Tests;

/// <summary>
/// Does a kubelet's part of the API for nodes that are only objects: pods placed on them are reported running (those of jobs: succeeded),
/// pods marked for deletion are let go, and the nodes' Ready condition is renewed. No container runs.
/// </summary>
internal sealed class PlayedKubelet : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private readonly Kubernetes _client;
    private readonly string[] _nodes;
    private readonly Task _running;
    private DateTime _lastHeartbeat;

    private static DateTime Now => TimeProvider.System.GetUtcNow().UtcDateTime;
    private int _addresses;

    private PlayedKubelet(Kubernetes client, string[] nodes)
    {
        (_client, _nodes) = (client, nodes);
        _running = Task.Run(RunAsync);
    }

    public static async Task<PlayedKubelet> StartAsync(string kubeconfig, params string[] nodes)
    {
        var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig));
        foreach (string name in nodes)
        {
            var labels = new Dictionary<string, string> { ["kubernetes.io/hostname"] = name, ["kubernetes.io/os"] = "linux" };
            await client.CoreV1.CreateNodeAsync(new V1Node { Metadata = new V1ObjectMeta { Name = name, Labels = labels } });
        }

        return new PlayedKubelet(client, nodes);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _client.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await RoundAsync();
                await Task.Delay(Period, _stop.Token);
            }
            catch (Exception failure) when (failure is HttpOperationException or HttpRequestException)
            {
                // Another has changed or deleted it, or the server is busy: the next round sees what is there.
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // The way to stop it.
            }
        }
    }

    private async Task RoundAsync()
    {
        if (Now - _lastHeartbeat > Heartbeat)
        {
            foreach (string node in _nodes) await ReportNodeAsync(node);
            _lastHeartbeat = Now;
        }

        V1PodList pods = await _client.CoreV1.ListPodForAllNamespacesAsync(cancellationToken: _stop.Token);
        foreach (V1Pod pod in pods.Items.Where(pod => pod.Spec.NodeName is { Length: > 0 }))
        {
            if (pod.Metadata.DeletionTimestamp is not null)
                await _client.CoreV1.DeleteNamespacedPodAsync(pod.Metadata.Name, pod.Metadata.NamespaceProperty, gracePeriodSeconds: 0, cancellationToken: _stop.Token);
            else if (pod.Status.Phase == "Pending")
                await ReportPodAsync(pod);
        }
    }

    private Task ReportNodeAsync(string node)
    {
        var room = new Dictionary<string, ResourceQuantity>
        {
            ["cpu"] = new("8"), ["memory"] = new("16Gi"), ["ephemeral-storage"] = new("10Gi"), ["pods"] = new("110"),
        };
        var ready = new V1NodeCondition { Type = "Ready", Status = "True", Reason = "KubeletReady", LastHeartbeatTime = Now, LastTransitionTime = Now };
        var change = new V1Node { Status = new V1NodeStatus { Capacity = room, Allocatable = room, Conditions = [ready] } };
        return _client.CoreV1.PatchNodeStatusAsync(new V1Patch(change, V1Patch.PatchType.StrategicMergePatch), node, cancellationToken: _stop.Token);
    }

    // An old kubelet reports podIP alone: readers of podIPs must find it there too.
    private Task ReportPodAsync(V1Pod pod)
    {
        bool ends = pod.Metadata.OwnerReferences?.Any(owner => owner.Kind == "Job") == true;
        string ready = ends ? "False" : "True";
        var status = new V1PodStatus
        {
            Phase = ends ? "Succeeded" : "Running",
            PodIP = $"10.244.0.{(_addresses++ % 250) + 1}",
            StartTime = Now,
            Conditions = [new V1PodCondition { Type = "Ready", Status = ready }, new V1PodCondition { Type = "ContainersReady", Status = ready }],
        };
        return _client.CoreV1.PatchNamespacedPodStatusAsync(
            new V1Patch(new V1Pod { Status = status }, V1Patch.PatchType.StrategicMergePatch), pod.Metadata.Name, pod.Metadata.NamespaceProperty, cancellationToken: _stop.Token);
    }
}
