namespace Cluster.Containers;

/// <summary>An image on this machine. Immutable.</summary>
/// <param name="Id">sha256:...</param>
/// <param name="Tags">repository:tag each.</param>
/// <param name="Digests">repository@sha256:... each; empty for an image that was never pulled or pushed.</param>
/// <param name="User">The user the image names: a name, a uid, either with a group, or empty.</param>
public sealed record ImageDetails(string Id, IReadOnlyList<string> Tags, IReadOnlyList<string> Digests, long SizeBytes, string User);
