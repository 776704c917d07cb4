using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Authorization.Nodes;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Admission;

/// <summary>A kubelet writes its own node, lease and CSI node, and its own pods' status; it makes no pods but the mirrors of those it runs from files.</summary>
internal sealed class NodeRestriction(IObjectReader reader) : IAdmissionPlugin
{
    private const string MirrorAnnotation = "kubernetes.io/config.mirror";
    private const string LeaseNamespace = "kube-node-lease";

    private static readonly ResourceType Nodes = ResourceCatalog.For<Node>();

    public string Name => "NodeRestriction";

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (NodeIdentity.NameOf(request.Scope.User) is { } node)
            Check(node, request);
        return ValueTask.CompletedTask;
    }

    private void Check(string node, AdmissionRequest request)
    {
        if (node.Length == 0)
            throw No(request, $"could not determine node from user {GoText.Quote(request.Scope.User.Name)}");
        switch (request.Scope.Resource.GroupResource)
        {
            case "pods":
                CheckPod(node, request);
                break;
            case "nodes":
                CheckNode(node, request);
                break;
            case "persistentvolumeclaims":
                CheckClaim(node, request);
                break;
            case "leases.coordination.k8s.io":
                CheckLease(node, request);
                break;
            case "csinodes.storage.k8s.io" when NameOf(request) != node:
                throw No(request, "can only access CSINode with the same name as the requesting node");
        }
    }

    private void CheckPod(string node, AdmissionRequest request)
    {
        switch (request.Scope.Subresource, request.Operation)
        {
            case (null, AdmissionOperation.Create):
                CheckMirror(node, request, (Pod)request.Object!);
                break;
            case (null, AdmissionOperation.Delete):
                if (((Pod)request.OldObject!).Spec?.NodeName != node)
                    throw No(request, $"node {GoText.Quote(node)} can only delete pods with spec.nodeName set to itself");
                break;
            case ("status", AdmissionOperation.Update):
                CheckStatus(node, request, (Pod)request.OldObject!, (Pod)request.Object!);
                break;
            case (null, _):
                throw No(request, $"unexpected operation {GoText.Quote(request.Operation.ToString().ToUpperInvariant())}");
            default:
                throw No(request, $"unexpected pod subresource {GoText.Quote(request.Scope.Subresource!)}, only 'status' and 'eviction' are allowed");
        }
    }

    private static void CheckStatus(string node, AdmissionRequest request, Pod old, Pod pod)
    {
        if (old.Spec?.NodeName != node)
            throw No(request, $"node {GoText.Quote(node)} can only update pod status for pods with spec.nodeName set to itself");
        if (!old.Metadata.Labels.Equals(pod.Metadata.Labels))
            throw No(request, $"node {GoText.Quote(node)} cannot update labels through pod status");
    }

    private void CheckMirror(string node, AdmissionRequest request, Pod pod)
    {
        var who = $"node {GoText.Quote(node)}";
        if (!pod.Metadata.Annotations.ContainsKey(MirrorAnnotation))
            throw No(request, $"pod does not have {GoText.Quote(MirrorAnnotation)} annotation, {who} can only create mirror pods");
        if (pod.Spec?.NodeName != node)
            throw No(request, $"{who} can only create pods with spec.nodeName set to itself");
        CheckOwner(node, request, pod);
        var references = PodReferences.Of(Unmirrored(pod)).Select(reference => reference.Resource).ToHashSet();
        if (references.Contains(PodReference.Accounts))
            throw No(request, $"{who} can not create pods that reference a service account");
        foreach (var kind in (string[])[PodReference.Secrets, PodReference.ConfigMaps, PodReference.Claims])
        {
            if (references.Contains(kind))
                throw No(request, $"{who} can not create pods that reference {kind}");
        }
    }

    private void CheckOwner(string node, AdmissionRequest request, Pod pod)
    {
        var who = $"node {GoText.Quote(node)}";
        if (pod.Metadata.OwnerReferences.Count == 0)
            return;
        if (pod.Metadata.OwnerReferences is not [{ ApiVersion: "v1", Kind: "Node" } owner] || owner.Name != node)
            throw No(request, $"{who} can only create pods with an owner reference set to itself");
        if (!owner.Controller)
            throw No(request, $"{who} can only create pods with a controller owner reference set to itself");
        if (owner.BlockOwnerDeletion)
            throw No(request, $"{who} must not set blockOwnerDeletion on an owner reference");
        if (reader.Find(Nodes, null, node)?.Metadata.Uid != owner.Uid)
            throw No(request, $"{who} UID mismatch: expected {owner.Uid} got {reader.Find(Nodes, null, node)?.Metadata.Uid}");
    }

    // What a mirror pod refers to counts here, for it must refer to nothing.
    private static Pod Unmirrored(Pod pod)
    {
        var plain = pod.Clone();
        plain.Metadata.Annotations.Remove(MirrorAnnotation);
        return plain;
    }

    private static void CheckNode(string node, AdmissionRequest request)
    {
        var who = $"node {GoText.Quote(node)}";
        if (NameOf(request) != node)
            throw No(request, $"{who} is not allowed to modify node {GoText.Quote(NameOf(request))}");
        if (request is { Operation: AdmissionOperation.Create, Object: Node made }
            && NodeLabels.Forbidden(made.Metadata.Labels, new Dictionary<string, string>()) is { Count: > 0 } set)
            throw No(request, $"{who} is not allowed to set the following labels: {string.Join(", ", set)}");
        if (request is not { Operation: AdmissionOperation.Update, Object: Node now, OldObject: Node old })
            return;
        if (!Equals(now.Spec?.Taints ?? [], old.Spec?.Taints ?? []))
            throw No(request, $"{who} is not allowed to modify taints");
        if (NodeLabels.Forbidden(now.Metadata.Labels, old.Metadata.Labels) is { Count: > 0 } changed)
            throw No(request, $"{who} is not allowed to modify labels: {string.Join(", ", changed)}");
        if (!now.Metadata.OwnerReferences.Equals(old.Metadata.OwnerReferences))
            throw No(request, $"{who} is not allowed to modify ownerReferences");
    }

    private static void CheckClaim(string node, AdmissionRequest request)
    {
        if (request is not { Operation: AdmissionOperation.Update, Scope.Subresource: "status" })
            throw No(request, $"node {GoText.Quote(node)} may only update PVC status");
    }

    private static void CheckLease(string node, AdmissionRequest request)
    {
        if (request.Scope.Namespace != LeaseNamespace)
            throw No(request, $"can only access leases in the {GoText.Quote(LeaseNamespace)} system namespace");
        if (NameOf(request) != node)
            throw No(request, "can only access node lease with the same name as the requesting node");
    }

    private static string NameOf(AdmissionRequest request) => request.Scope.Name ?? request.Object?.Metadata?.Name ?? "";

    private static StatusException No(AdmissionRequest request, string why) => StatusErrors.Forbidden(request.Scope.Resource, NameOf(request), why);
}
