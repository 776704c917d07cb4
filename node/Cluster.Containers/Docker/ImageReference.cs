namespace Cluster.Containers.Docker;

/// <summary>The parts of an image's name.</summary>
public static class ImageReference
{
    /// <summary>
    /// The repository and the tag or digest; the tag is <c>latest</c> where none is named (the engine would pull them all).
    /// </summary>
    public static (string Repository, string Tag) Split(string reference)
    {
        var at = reference.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0) return (reference[..at], reference[(at + 1)..]);
        var colon = reference.LastIndexOf(':');

        // A colon before the last slash is the registry's port.
        return colon > reference.LastIndexOf('/') ? (reference[..colon], reference[(colon + 1)..]) : (reference, "latest");
    }

    /// <summary>The registry's host and port; <c>docker.io</c> where the name has none.</summary>
    public static string Registry(string reference)
    {
        var slash = reference.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0) return "docker.io";
        var first = reference[..slash];
        return first.Contains('.', StringComparison.Ordinal) || first.Contains(':', StringComparison.Ordinal) || first == "localhost"
            ? first
            : "docker.io";
    }
}
