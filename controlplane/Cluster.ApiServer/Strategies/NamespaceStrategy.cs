using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.ApiServer.Strategies;

/// <summary>
/// A namespace goes in two steps: marked Terminating, emptied by a controller, released through its finalize subresource.
/// </summary>
internal sealed class NamespaceStrategy : ResourceStrategy
{
    private const string Finalizer = "kubernetes";

    // The label by which selectors find a namespace by its name.
    private const string NameLabel = "kubernetes.io/metadata.name";

    public NamespaceStrategy(ResourceType type)
        : base(type) => ReturnsDeletedObject = true;

    /// <summary>The finalize subresource: the spec's finalizers alone.</summary>
    public override void PrepareForPart(string subresource, IApiObject obj, IApiObject old) =>
        ((Namespace)obj).Status = ((Namespace)old).Status?.Clone();

    public override void PrepareForCreate(IApiObject obj)
    {
        var ns = (Namespace)obj;
        ns.Status = new NamespaceStatus { Phase = "Active" };
        ns.Spec ??= new NamespaceSpec();
        if (!ns.Spec.Finalizers.Contains(Finalizer))
            ns.Spec.Finalizers.Add(Finalizer);
        ns.Metadata.Labels[NameLabel] = ns.Metadata.Name;
    }

    public override void PrepareForUpdate(IApiObject obj, IApiObject old)
    {
        var (ns, before) = ((Namespace)obj, (Namespace)old);
        ns.Spec = before.Spec?.Clone();
        ns.Status = before.Status?.Clone();
        ns.Metadata.Labels[NameLabel] = before.Metadata.Name;
    }

    public override bool IsReleased(IApiObject obj) => ((Namespace)obj).Spec is not { Finalizers.Count: > 0 };

    public override void PrepareForDeletion(IApiObject obj)
    {
        var ns = (Namespace)obj;
        ns.Status ??= new NamespaceStatus();
        ns.Status.Phase = "Terminating";
    }
}
