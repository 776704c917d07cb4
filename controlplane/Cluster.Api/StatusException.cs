using Cluster.Api.MetaV1;

namespace Cluster.Api;

/// <summary>An API failure: a Kubernetes Status with its HTTP code, reason and causes. The one error type of the API, both ends.</summary>
public sealed class StatusException : Exception
{
    public StatusException(Status status)
        : base(status.Message) => Status = status;

    public StatusException(Status status, Exception inner)
        : base(status.Message, inner) => Status = status;

    public Status Status { get; }

    /// <summary>The HTTP status code.</summary>
    public int Code => Status.Code;

    /// <summary>The machine-readable reason, such as <c>NotFound</c> or <c>Conflict</c>.</summary>
    public string Reason => Status.Reason;

    public bool IsNotFound => Reason == "NotFound";

    public bool IsConflict => Reason == "Conflict";

    public bool IsAlreadyExists => Reason == "AlreadyExists";

    /// <summary>The resource version is too old: list again.</summary>
    public bool IsGone => Code == 410;
}
