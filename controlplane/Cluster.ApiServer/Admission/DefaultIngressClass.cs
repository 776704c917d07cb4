using Cluster.Api;
using Cluster.Api.NetworkingV1;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Admission;

/// <summary>An ingress that names no class, by the field or by the annotation of old, gets the cluster's default one, if there is one.</summary>
internal sealed class DefaultIngressClass(IObjectReader reader) : IAdmissionPlugin
{
    private const string ClassOfOldClients = "kubernetes.io/ingress.class";

    private static readonly string[] Marks = ["ingressclass.kubernetes.io/is-default-class"];

    private static readonly ResourceType Ingresses = ResourceCatalog.For<Ingress>();

    public string Name => "DefaultIngressClass";

    /// <inheritdoc/>
    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request is { Operation: AdmissionOperation.Create, Scope.Subresource: null, Object: Ingress { Spec: { HasIngressClassName: false } spec } ingress }
            && request.Scope.Resource == Ingresses && !ingress.Metadata.Annotations.ContainsKey(ClassOfOldClients)
            && DefaultClass.Newest<IngressClass>(reader, Marks) is { } found)
        {
            spec.IngressClassName = found.Metadata.Name;
        }

        return ValueTask.CompletedTask;
    }
}
