using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.ServiceAccounts;

/// <summary>Publishes the cluster's certificate authority to every namespace, so that pods know the API server when they see it.</summary>
internal sealed class RootCaController(ControllerContext context) : IController
{
    public const string ConfigMapName = "kube-root-ca.crt";
    private const string FileName = "ca.crt";
    private const string DescriptionAnnotation = "kubernetes.io/description";

    private const string Description =
        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. "
        + "No other usage is guaranteed across distributions of Kubernetes clusters.";

    private Informer<Namespace> _namespaces = null!;
    private Informer<ConfigMap> _maps = null!;

    public string Name => "root-ca-cert-publisher";

    public void Watch(ControllerWatches watches)
    {
        _namespaces = watches.Own<Namespace>();
        _maps = watches.On<ConfigMap>((old, current) =>
        {
            if ((current ?? old)!.Metadata is { Name: ConfigMapName } meta)
            {
                watches.Add(new("", meta.Namespace));
            }
        });
    }

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (context.Options.RootCa is not { } authority || _namespaces.Get(key) is not { Metadata.DeletionTimestamp: null })
        {
            return null;
        }

        var current = _maps.Get(key.Name, ConfigMapName);
        if (current is not null && current.Data.Count == 1 && current.Data.TryGetValue(FileName, out var there) && there == authority)
        {
            return null;
        }

        var wanted = current?.Clone() ?? new() { Metadata = new() { Namespace = key.Name, Name = ConfigMapName } };
        wanted.Metadata.Annotations[DescriptionAnnotation] = Description;
        wanted.Data.Clear();
        wanted.Data[FileName] = authority;
        try
        {
            await (current is null ? context.Client.CreateAsync(wanted, cancellationToken) : context.Client.UpdateAsync(wanted, cancellationToken));
        }
        catch (StatusException e) when (e.IsAlreadyExists || e.IsNotFound || NamespaceEnd.Explains(e))
        {
            // There already, or the namespace has just gone.
        }

        return null;
    }
}
