using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Validation;

namespace Cluster.ApiServer.Admission;

/// <summary>Every container pulls its image at each start, so that who may not pull it cannot run it where somebody else has.</summary>
internal sealed class AlwaysPullImages : IAdmissionPlugin
{
    private const string Always = "Always";

    private static readonly ResourceType Pods = ResourceCatalog.For<Pod>();

    public string Name => "AlwaysPullImages";

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        // The policy of a container that is there cannot change.
        if (Spec(request) is { } spec && (request.Operation == AdmissionOperation.Create || request.Scope.Subresource is not null))
        {
            foreach (var container in spec.InitContainers.Concat(spec.Containers))
                container.ImagePullPolicy = Always;
            foreach (var container in spec.EphemeralContainers)
                (container.EphemeralContainerCommon ??= new EphemeralContainerCommon()).ImagePullPolicy = Always;
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        // A plug-in after this one, or a webhook, may have changed it.
        if (Spec(request) is not { } spec || !HasNewImages(spec, (request.OldObject as Pod)?.Spec))
            return ValueTask.CompletedTask;
        Check(request, spec.InitContainers, "initContainers");
        Check(request, spec.Containers, "containers");
        return ValueTask.CompletedTask;
    }

    private static PodSpec? Spec(AdmissionRequest request) =>
        request.Scope.Resource == Pods && request.Scope.Subresource is null or "ephemeralcontainers" ? (request.Object as Pod)?.Spec : null;

    private static bool HasNewImages(PodSpec spec, PodSpec? old) =>
        old is null || Images(spec).Except(Images(old), StringComparer.Ordinal).Any();

    private static IEnumerable<string> Images(PodSpec spec) => spec.InitContainers.Concat(spec.Containers).Select(container => container.Image);

    private static void Check(AdmissionRequest request, IReadOnlyList<Container> containers, string field)
    {
        for (var i = 0; i < containers.Count; i++)
        {
            if (containers[i].ImagePullPolicy != Always)
            {
                var error = FieldError.NotSupported($"spec.{field}[{i}].imagePullPolicy", containers[i].ImagePullPolicy, [Always]);
                throw StatusErrors.Forbidden(Pods, request.Object!.Metadata.Name, error.ToString());
            }
        }
    }
}
