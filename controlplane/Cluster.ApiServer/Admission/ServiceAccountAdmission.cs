using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Admission;

/// <summary>Every pod runs as a service account that exists, with its pull secrets and, unless declined, its token.</summary>
internal sealed class ServiceAccountAdmission(IObjectReader reader, TimeProvider time) : IAdmissionPlugin
{
    private const string DefaultAccount = "default";
    private const string MirrorAnnotation = "kubernetes.io/config.mirror";

    /// <summary>A new namespace gets its default account from a controller: a pod created right after it waits this long for it.</summary>
    private const int Attempts = 10;

    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(100);

    private static readonly ResourceType Pods = ResourceCatalog.For<Pod>();

    private static readonly ResourceType Accounts = ResourceCatalog.For<ServiceAccount>();

    public string Name => "ServiceAccount";

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Operation != AdmissionOperation.Create || !IsPod(request, out var pod))
            return;
        if (pod.Metadata.Annotations.ContainsKey(MirrorAnnotation))
        {
            CheckMirror(pod);
            return;
        }

        if (pod.Spec.ServiceAccountName.Length == 0)
            pod.Spec.ServiceAccountName = pod.Spec.ServiceAccount.Length > 0 ? pod.Spec.ServiceAccount : DefaultAccount;
        pod.Spec.ServiceAccount = pod.Spec.ServiceAccountName;
        var account = await FindAsync(request.Scope.Namespace!, pod, cancellationToken);
        if (WantsToken(pod, account))
            TokenVolume.Mount(pod.Spec);
        if (pod.Spec.ImagePullSecrets.Count == 0)
            pod.Spec.ImagePullSecrets.Add(account.ImagePullSecrets.Select(secret => secret.Clone()));
    }

    private static bool IsPod(AdmissionRequest request, out Pod pod)
    {
        pod = request.Object as Pod ?? new Pod();
        return request.Scope.Resource == Pods && request.Scope.Subresource is null && pod.Spec is not null;
    }

    /// <summary>A mirror pod shows what a kubelet runs from a file: it may hold nothing that only the API could give it.</summary>
    private static void CheckMirror(Pod pod)
    {
        if (pod.Spec.ServiceAccountName.Length > 0)
            throw StatusErrors.Forbidden(Pods, pod.Metadata.Name, "a mirror pod may not reference service accounts");
        if (pod.Spec.Volumes.Any(volume => volume.VolumeSource?.Secret is not null))
            throw StatusErrors.Forbidden(Pods, pod.Metadata.Name, "a mirror pod may not reference secrets");
    }

    private static bool WantsToken(Pod pod, ServiceAccount account) =>
        pod.Spec.HasAutomountServiceAccountToken ? pod.Spec.AutomountServiceAccountToken
        : !account.HasAutomountServiceAccountToken || account.AutomountServiceAccountToken;

    private async ValueTask<ServiceAccount> FindAsync(string ns, Pod pod, CancellationToken cancellationToken)
    {
        var name = pod.Spec.ServiceAccountName;
        for (var attempt = 1; ; attempt++)
        {
            var found = reader.Find(Accounts, ns, name) ?? await reader.FindFreshAsync(Accounts, ns, name, cancellationToken);
            if (found is ServiceAccount account)
                return account;
            if (attempt == Attempts)
                break;
            await Task.Delay(BetweenAttempts, time, cancellationToken);
        }

        throw StatusErrors.Forbidden(
            Pods, pod.Metadata.Name, $"error looking up service account {ns}/{name}: serviceaccount {GoText.Quote(name)} not found");
    }
}
