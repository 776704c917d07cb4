using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.StorageV1;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Admission;

/// <summary>A claim that names no storage class gets the cluster's default one, if there is one. An empty name is a name: no class.</summary>
internal sealed class DefaultStorageClass(IObjectReader reader) : IAdmissionPlugin
{
    private const string ClassOfOldClients = "volume.beta.kubernetes.io/storage-class";

    private static readonly string[] Marks = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

    private static readonly ResourceType Claims = ResourceCatalog.For<PersistentVolumeClaim>();

    public string Name => "DefaultStorageClass";

    /// <inheritdoc/>
    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request is { Operation: AdmissionOperation.Create, Scope.Subresource: null, Object: PersistentVolumeClaim { Spec: { HasStorageClassName: false } spec } claim }
            && request.Scope.Resource == Claims && !claim.Metadata.Annotations.ContainsKey(ClassOfOldClients)
            && DefaultClass.Newest<StorageClass>(reader, Marks) is { } found)
        {
            spec.StorageClassName = found.Metadata.Name;
        }

        return ValueTask.CompletedTask;
    }
}
