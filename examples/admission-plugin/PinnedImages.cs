using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Admission;

namespace PodPolicies;

/// <summary>Refuses pods whose images may be another thing tomorrow: those without a tag or a digest, or with the tag <c>latest</c>.</summary>
public sealed class PinnedImages : IAdmissionPlugin
{
    public string Name => "PinnedImages";

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    // Here, and not in AdmitAsync: what a webhook or another plug-in has made of the images is seen too.
    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request is { Scope.Subresource: null, Object: Pod { Spec: { } spec } pod }
            && spec.InitContainers.Concat(spec.Containers).FirstOrDefault(container => !IsPinned(container.Image)) is { } loose)
            throw StatusErrors.Forbidden(request.Scope.Resource, pod.Metadata.Name, $"the image \"{loose.Image}\" of container \"{loose.Name}\" names no version");
        return ValueTask.CompletedTask;
    }

    // The host before the last slash may have a port, which is no tag.
    private static bool IsPinned(string image)
    {
        var name = image[(image.LastIndexOf('/') + 1)..];
        return name.Contains('@', StringComparison.Ordinal) || (name.Contains(':', StringComparison.Ordinal) && !name.EndsWith(":latest", StringComparison.Ordinal));
    }
}
