using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Cluster.Api.CoreV1;
using Cluster.Containers;
using Cluster.Containers.Docker;
using Cluster.Kubelet.Lifecycle;
using Cluster.Kubelet.Sources;
using Cluster.Kubelet.Status;

namespace Cluster.Kubelet.Images;

/// <summary>Sees to it that a container's image is on the machine, by its pull policy and with back-off after failures.</summary>
internal sealed class ImageService
{
    private static readonly Histogram<double> PullSeconds = KubeletMetrics.Seconds("kubelet_image_pull_duration_seconds", "Time of pulling an image.");

    private readonly IContainerRuntime runtime;
    private readonly ReferencedObjects objects;
    private readonly PodEvents events;
    private readonly RestartBackOff backOff;
    private readonly TimeProvider time;
    private readonly ConcurrentDictionary<string, string> shownIds = new();

    public ImageService(IContainerRuntime runtime, ReferencedObjects objects, PodEvents events, RestartBackOff backOff, TimeProvider time)
    {
        this.runtime = runtime;
        this.objects = objects;
        this.events = events;
        this.backOff = backOff;
        this.time = time;
    }

    /// <summary>The image to start the container from, pulled if its policy says so.</summary>
    /// <exception cref="ImagePullException">It is not there, with the reason to show.</exception>
    public async Task<ImageDetails> EnsureAsync(Pod pod, Container container, CancellationToken cancellationToken)
    {
        var image = container.Image;
        if (image.Length == 0 || image.Any(char.IsWhiteSpace) || ImageReference.Split(image).Repository.Any(char.IsUpper))
            throw new ImagePullException(
                "InvalidImageName",
                $"Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\": invalid reference format");
        var policy = Policy(container);
        var present = await runtime.FindImageAsync(image, cancellationToken);
        if (present is not null && policy != "Always")
        {
            events.Normal(pod, container, "Pulled", $"Container image \"{image}\" already present on machine");
            return Remember(present);
        }

        if (policy == "Never")
        {
            var message = $"Container image \"{image}\" is not present with pull policy of Never";
            events.Warning(pod, container, "ErrImageNeverPull", message);
            throw new ImagePullException("ErrImageNeverPull", message);
        }

        await PullAsync(pod, container, cancellationToken);
        return Remember(await runtime.FindImageAsync(image, cancellationToken)
            ?? throw new ImagePullException("ErrImageInspect", $"Failed to inspect image \"{image}\" after its pull"));
    }

    /// <summary>How an image's id is shown in a container's status.</summary>
    public async Task<string> ShownIdAsync(string imageId, CancellationToken cancellationToken)
    {
        if (imageId.Length == 0) return "";
        if (shownIds.TryGetValue(imageId, out var shown)) return shown;
        try
        {
            return await runtime.FindImageAsync(imageId, cancellationToken) is { } image ? Shown(Remember(image)) : "docker://" + imageId;
        }
        catch (RuntimeException)
        {
            // Only a name in a status: the next sync asks again.
            return "docker://" + imageId;
        }
    }

    private async Task PullAsync(Pod pod, Container container, CancellationToken cancellationToken)
    {
        var image = container.Image;
        var key = $"{pod.Metadata.Uid}/image/{image}";
        var now = time.GetUtcNow();
        var left = backOff.Remaining(key, lastFailures.GetValueOrDefault(key, now));
        if (left > TimeSpan.Zero)
        {
            var message = $"Back-off pulling image \"{image}\"";
            events.Normal(pod, container, "BackOff", message);
            throw new ImagePullException("ImagePullBackOff", $"{message}: ErrImagePull: {lastErrors.GetValueOrDefault(key)}") { RetryAfter = left };
        }

        events.Normal(pod, container, "Pulling", $"Pulling image \"{image}\"");
        var started = time.GetTimestamp();
        try
        {
            await PullWithAnyAsync(pod, image, cancellationToken);
        }
        catch (RuntimeException exception)
        {
            events.Warning(pod, container, "Failed", $"Failed to pull image \"{image}\": {exception.Message}");
            backOff.Next(key, now);
            lastFailures[key] = time.GetUtcNow();
            lastErrors[key] = exception.Message;
            throw new ImagePullException("ErrImagePull", exception.Message) { RetryAfter = backOff.Remaining(key, lastFailures[key]) };
        }

        var elapsed = time.GetElapsedTime(started);
        PullSeconds.Record(elapsed.TotalSeconds);
        lastErrors.TryRemove(key, out _);
        lastFailures.TryRemove(key, out _);
        backOff.Forget(key);
        events.Normal(
            pod, container, "Pulled",
            $"Successfully pulled image \"{image}\" in {Durations.Text(elapsed)} ({Durations.Text(elapsed)} including waiting)");
    }

    private readonly ConcurrentDictionary<string, DateTimeOffset> lastFailures = new();
    private readonly ConcurrentDictionary<string, string> lastErrors = new();

    /// <summary>Tries each credential that fits, then without; the first failure is the one told, being the most specific.</summary>
    private async Task PullWithAnyAsync(Pod pod, string image, CancellationToken cancellationToken)
    {
        RuntimeException? first = null;
        foreach (var credential in await PullSecrets.FindAsync(pod, image, objects, cancellationToken))
        {
            try
            {
                await runtime.PullImageAsync(image, credential, cancellationToken);
                return;
            }
            catch (RuntimeException exception)
            {
                first ??= exception;
            }
        }

        throw first!;
    }

    private ImageDetails Remember(ImageDetails image)
    {
        shownIds[image.Id] = Shown(image);
        return image;
    }

    private static string Shown(ImageDetails image) =>
        image.Digests.Count > 0 ? "docker-pullable://" + image.Digests[0] : "docker://" + image.Id;

    private static string Policy(Container container)
    {
        if (container.ImagePullPolicy.Length > 0) return container.ImagePullPolicy;
        return ImageReference.Split(container.Image).Tag == "latest" ? "Always" : "IfNotPresent";
    }
}
