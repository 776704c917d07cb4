using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.Registry;

namespace Cluster.ApiServer.Admission;

public enum AdmissionOperation
{
    Create,
    Update,
    Delete,

    /// <summary>Opens a connection to what runs: exec, attach, portforward, proxy.</summary>
    Connect,
}

/// <summary>A write on its way to the store, or a connection about to be opened.</summary>
public sealed record AdmissionRequest
{
    private Reinvocation? _reinvocation;

    /// <summary>Resource, subresource, namespace, name (of a create: null where the server makes it up), user, dryRun.</summary>
    public required RequestScope Scope { get; init; }

    public required AdmissionOperation Operation { get; init; }

    /// <summary>The object to be written; the plug-in may change it. Null on delete.</summary>
    public IApiObject? Object { get; init; }

    /// <summary>The object as stored; read only. Null on create.</summary>
    public IApiObject? OldObject { get; init; }

    /// <summary>Set on delete alone.</summary>
    public DeleteOptions? DeleteOptions { get; init; }

    /// <summary>Set on connect alone: what the query asks for (PodExecOptions and the like), as JSON. Read only.</summary>
    public JsonObject? ConnectOptions { get; init; }

    /// <summary>Tells the audit log, where one is kept, what was decided and why. Never a secret: the log is read by others than the object.</summary>
    /// <param name="key">Qualified by who says it: <c>example.com/reason</c>.</param>
    /// <param name="value">The first value of a key counts; a request has room for 64 Ki characters.</param>
    public void Annotate(string key, string value) => Scope.Audit?.Add(key, value);

    /// <summary>Kept only where webhooks are asked.</summary>
    internal Reinvocation Reinvocation => _reinvocation ??= new();

    internal bool WantsSecondRound => _reinvocation is { IsWanted: true };
}
