namespace Cluster.Dataplane.Services;

/// <summary>How opening a frontend went.</summary>
public enum FrontendError : byte
{
    None,

    /// <summary>Another process listens on the port, on this address or on all.</summary>
    PortInUse,

    /// <summary>The address is not local: the route of the service range is missing or not permitted.</summary>
    AddressNotLocal,

    PermissionDenied,

    /// <summary>No file descriptor is left.</summary>
    OutOfDescriptors,

    Other,

    /// <summary>No failure any more: nothing asks for the frontend now.</summary>
    Withdrawn,
}

/// <summary>A success, or the error with the system's words.</summary>
public readonly record struct FrontendResult(FrontendError Error, string Message)
{
    public static readonly FrontendResult Opened = new(FrontendError.None, "");

    public static readonly FrontendResult Withdrawn = new(FrontendError.Withdrawn, "the service no longer asks for it");

    public bool IsOpen => Error == FrontendError.None;
}
