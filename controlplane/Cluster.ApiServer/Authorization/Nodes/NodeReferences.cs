using System.Collections.Concurrent;
using System.Collections.Immutable;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Authorization.Nodes;

/// <summary>Which nodes run a pod that needs an object, kept in step with the cache: a question costs one look-up.</summary>
/// <remarks>Written by the store feed alone; read freely, without a lock.</remarks>
internal sealed class NodeReferences : IObjectIndex
{
    private static readonly ResourceType Pods = ResourceCatalog.For<Pod>();
    private static readonly ResourceType Volumes = ResourceCatalog.For<PersistentVolume>();

    /// <summary>How many pods of each node need the object.</summary>
    private readonly ConcurrentDictionary<PodReference, ImmutableDictionary<string, int>> _nodes = new();

    /// <summary>The claims bound to volumes whose driver on the node needs the secret.</summary>
    private readonly ConcurrentDictionary<PodReference, ImmutableDictionary<string, PodReference>> _claims = new();

    public bool Covers(ResourceType type) => type == Pods || type == Volumes;

    /// <summary>A pod on the node needs the object, by itself or through a volume it claims.</summary>
    public bool Needs(string node, PodReference reference)
    {
        if (_nodes.TryGetValue(reference, out var nodes) && nodes.ContainsKey(node))
            return true;
        return _claims.TryGetValue(reference, out var claims) && claims.Values.Any(claim => Needs(node, claim));
    }

    public void Change(ResourceType type, string key, IApiObject? previous, IApiObject? current)
    {
        if (type == Pods)
            ChangePod((Pod?)previous, (Pod?)current);
        else
            ChangeVolume(key, (PersistentVolume?)previous, (PersistentVolume?)current);
    }

    private void ChangePod(Pod? previous, Pod? current)
    {
        // Most changes are of the status: what a pod on its node refers to never changes, but for debug containers.
        if (previous is not null && current is not null && previous.Spec?.NodeName == current.Spec?.NodeName
            && previous.Metadata.Uid == current.Metadata.Uid && previous.Spec?.EphemeralContainers.Count == current.Spec?.EphemeralContainers.Count)
            return;

        // New ones first: at no moment is a reference missing that is there before and after.
        if (current?.Spec is { NodeName.Length: > 0 } now)
        {
            foreach (var reference in PodReferences.Of(current))
                Count(reference, now.NodeName, 1);
        }

        if (previous?.Spec is { NodeName.Length: > 0 } before)
        {
            foreach (var reference in PodReferences.Of(previous))
                Count(reference, before.NodeName, -1);
        }
    }

    private void Count(PodReference reference, string node, int difference)
    {
        var nodes = _nodes.GetValueOrDefault(reference) ?? ImmutableDictionary<string, int>.Empty;
        var count = nodes.GetValueOrDefault(node) + difference;
        nodes = count > 0 ? nodes.SetItem(node, count) : nodes.Remove(node);
        if (nodes.IsEmpty)
            _nodes.TryRemove(reference, out _);
        else
            _nodes[reference] = nodes;
    }

    private void ChangeVolume(string key, PersistentVolume? previous, PersistentVolume? current)
    {
        var now = current is null ? [] : SecretsOf(current).ToList();
        if (current?.Spec?.ClaimRef is { } claim)
        {
            foreach (var secret in now)
            {
                _claims[secret] = (_claims.GetValueOrDefault(secret) ?? ImmutableDictionary<string, PodReference>.Empty)
                    .SetItem(key, new PodReference(PodReference.Claims, claim.Namespace, claim.Name));
            }
        }
        else
        {
            now = [];
        }

        foreach (var gone in (previous is null ? [] : SecretsOf(previous)).Except(now))
        {
            if (_claims.GetValueOrDefault(gone)?.Remove(key) is { IsEmpty: false } left)
                _claims[gone] = left;
            else
                _claims.TryRemove(gone, out _);
        }
    }

    /// <summary>What the volume's driver is given on the node; what it is given elsewhere is no affair of the kubelet's.</summary>
    private static IEnumerable<PodReference> SecretsOf(PersistentVolume volume)
    {
        var csi = volume.Spec?.PersistentVolumeSource?.Csi;
        foreach (var secret in new[] { csi?.NodePublishSecretRef, csi?.NodeStageSecretRef, csi?.NodeExpandSecretRef })
        {
            if (secret is { Name.Length: > 0 })
                yield return new PodReference(PodReference.Secrets, secret.Namespace, secret.Name);
        }
    }
}
