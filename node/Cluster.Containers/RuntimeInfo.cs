namespace Cluster.Containers;

/// <summary>The engine and what it can do here. Immutable.</summary>
public sealed record RuntimeInfo
{
    /// <summary>As in <c>docker</c>.</summary>
    public required string Name { get; init; }

    public required string Version { get; init; }

    /// <summary>Where images and writable layers live.</summary>
    public string RootDirectory { get; init; } = "";

    /// <summary>The OCI runtime that containers run under where nothing else is said, as in <c>runc</c>.</summary>
    public string DefaultHandler { get; init; } = "";

    public string OperatingSystem { get; init; } = "";

    /// <summary>The host lets the engine start privileged containers; otherwise they get every capability the host has.</summary>
    public bool SupportsPrivileged { get; init; } = true;
}
