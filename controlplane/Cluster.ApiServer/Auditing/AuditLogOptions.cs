namespace Cluster.ApiServer.Auditing;

/// <summary>Where requests are written down, and which.</summary>
/// <param name="Path">The file.</param>
public sealed record AuditLogOptions(string Path)
{
    /// <summary>The file of an audit.k8s.io/v1 Policy; null: everything at level Metadata.</summary>
    public string? PolicyFile { get; init; }

    /// <summary>A file that would grow beyond this is put aside.</summary>
    public long MaxBytes { get; init; } = 100L << 20;

    /// <summary>Of events that wait for the disk: beyond it they are written without the objects sent and answered.</summary>
    public long MaxPendingBytes { get; init; } = 64L << 20;

    /// <summary>Files put aside that are kept.</summary>
    public int MaxBackups { get; init; } = 10;
}
