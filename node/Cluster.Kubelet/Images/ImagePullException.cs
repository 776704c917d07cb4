namespace Cluster.Kubelet.Images;

/// <summary>An image is not there to start a container from.</summary>
/// <param name="Reason">As shown in the container's status: ErrImagePull, ImagePullBackOff, ErrImageNeverPull, InvalidImageName...</param>
public sealed class ImagePullException(string reason, string message) : Exception(message)
{
    public string Reason { get; } = reason;

    /// <summary>When trying again makes sense; null: not before something changes.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
