using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Registry;

namespace Cluster.ApiServer.Bootstrap;

/// <summary>
/// Publishes the authority of client certificates in <c>kube-system/extension-apiserver-authentication</c>. Schedulers, controller
/// managers and extension API servers read it to know the callers of their own ports.
/// </summary>
/// <remarks>
/// Servers of one store may have authorities of their own: each adds what is missing and leaves the others' certificates. The front
/// proxy's keys (<c>requestheader-*</c>) are left out, for this server passes no request on in another's name.
/// </remarks>
internal sealed class PublishedAuthority(IResourceRegistry registry, string certificates)
{
    private const string Key = "client-ca-file";

    private static readonly RequestScope Scope = new()
    {
        Resource = ResourceCatalog.For<ConfigMap>(),
        User = UserIdentity.ApiServer,
        FieldManager = SystemObjects.ManagerName,
        Namespace = "kube-system",
        Name = "extension-apiserver-authentication",
    };

    public async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        try
        {
            var stored = (ConfigMap)(await registry.GetAsync(Scope, "", cancellationToken)).Message;
            if (Merge(stored.Data.GetValueOrDefault(Key, "")) is { } merged)
                await UpdateAsync(stored, merged, cancellationToken);
        }
        catch (StatusException missing) when (missing.IsNotFound)
        {
            await CreateAsync(cancellationToken);
        }
    }

    private async Task UpdateAsync(ConfigMap stored, string merged, CancellationToken cancellationToken)
    {
        var wanted = stored.Clone();
        wanted.Data[Key] = merged;
        try
        {
            await registry.UpdateAsync(Scope, wanted, cancellationToken);
        }
        catch (StatusException conflict) when (conflict.IsConflict)
        {
            // Another server has just added its own: the next round sees both.
        }
    }

    private async Task CreateAsync(CancellationToken cancellationToken)
    {
        var wanted = new ConfigMap
        {
            Metadata = new ObjectMeta { Name = Scope.Name, Namespace = Scope.Namespace }, Data = { [Key] = certificates },
        };
        try
        {
            await registry.CreateAsync(Scope with { Name = null }, wanted, cancellationToken);
        }
        catch (StatusException exists) when (exists.IsAlreadyExists)
        {
            // Another server was faster; the next round adds what it lacks.
        }
    }

    /// <summary>The bundle with ours in it; null if it is in it already. What cannot be read is replaced.</summary>
    private string? Merge(string bundle)
    {
        var ours = Read(certificates);
        var theirs = Read(bundle);
        var missing = ours.Where(certificate => !theirs.Contains(certificate)).ToList();
        return missing.Count == 0 ? null : string.Concat(theirs.Concat(missing).Select(certificate => certificate.ExportCertificatePem() + "\n"));
    }

    private static X509Certificate2Collection Read(string pem)
    {
        var read = new X509Certificate2Collection();
        try
        {
            read.ImportFromPem(pem);
        }
        catch (CryptographicException)
        {
            read.Clear();
        }

        return read;
    }
}
