using Cluster.Api;
using Cluster.Api.Json;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Auditing;
using Cluster.ApiServer.Authentication;

namespace Cluster.ApiServer.Registry;

/// <summary>
/// What a request is about and how it wants to be treated, whatever transport brought it. Immutable but for the warnings and charges it collects.
/// </summary>
public sealed record RequestScope
{
    public required ResourceType Resource { get; init; }

    /// <summary>The version the client speaks, where the registry works on another one, that of the store; else null.</summary>
    public ResourceType? Version { get; init; }

    public required UserIdentity User { get; init; }

    /// <summary><c>status</c>, <c>scale</c>, <c>binding</c>, <c>finalize</c>; null: the object itself.</summary>
    public string? Subresource { get; init; }

    /// <summary>Null: cluster scope or, in lists and watches of a namespaced kind, every namespace.</summary>
    public string? Namespace { get; init; }

    /// <summary>Null for lists, watches and creates.</summary>
    public string? Name { get; init; }

    /// <summary>The request as the store sees it: of the version that is stored.</summary>
    public RequestScope ToStored() => Resource.IsStoredVersion ? this : this with { Resource = Resource.Storage, Version = Resource };

    /// <summary>Go through every check and store nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>Who is named in managedFields; empty: <c>unknown</c>.</summary>
    public string FieldManager { get; init; } = "";

    /// <summary>An apply takes over fields that others own.</summary>
    public bool Force { get; init; }

    /// <summary>How a patch's result is decoded; bodies are decoded by the transport.</summary>
    public FieldValidation FieldValidation { get; init; } = FieldValidation.Ignore;

    /// <summary>Texts for the caller's Warning headers. One request, one writer at a time.</summary>
    public List<string> Warnings { get; init; } = [];

    /// <summary>What its tries so far were charged for.</summary>
    internal QuotaCharges Charges => field ??= new();

    /// <summary>Where admission says what the audit log is to tell; null: nobody keeps one.</summary>
    internal AuditAnnotations? Audit { get; init; }
}
