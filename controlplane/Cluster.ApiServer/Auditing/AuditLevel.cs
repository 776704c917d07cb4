namespace Cluster.ApiServer.Auditing;

/// <summary>How much of a request is written down; each level holds the ones before it.</summary>
internal enum AuditLevel
{
    None,

    /// <summary>Who, when, what, and how it ended.</summary>
    Metadata,

    /// <summary>And the object sent.</summary>
    Request,

    /// <summary>And the object answered.</summary>
    RequestResponse,
}
