using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api.AuthenticationV1;
using Cluster.Api.Json;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Authorization;
using Cluster.ApiServer.Grpc;
using Cluster.ApiServer.Hosting;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Auditing;

/// <summary>One request as the log tells it: an audit.k8s.io/v1 Event for each stage the policy asks for.</summary>
/// <remarks>Belongs to its request; not for concurrent use.</remarks>
internal sealed class AuditEntry(
    AuditLog log, AuditPolicy policy, TimeProvider time, HttpContext context, string id, AuditAttributes attributes, UserIdentity? impersonated)
{
    private const string Watch = "watch";
    private const string TimeFormat = "yyyy-MM-ddTHH:mm:ss.ffffffZ";

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 1024 };

    private readonly DateTimeOffset _received = time.GetUtcNow();
    private readonly bool _isCall = GrpcEndpoints.AsksItself(context.Request);
    private AuditAttributes _attributes = attributes;
    private bool _isJudged;
    private AuditLevel _level;
    private Func<string, bool> _writes = _ => false;
    private bool _omitsManagedFields;
    private AuthorizationDecision? _decision;
    private BodyCapture? _bodies;

    /// <summary>What admission says about it.</summary>
    public AuditAnnotations Annotations { get; } = new();

    /// <summary>Judges the request, and writes that it has come.</summary>
    public async ValueTask BeginAsync()
    {
        if (_isCall)
            return;
        Judge();
        if (_attributes.Verb == Watch || RequestLabels.Of(context.Request, Rest.RequestPath.Parse(_attributes.Path)).LongRunning)
            TellStart();
        else if (_level >= AuditLevel.Request && _attributes.Resource.Length > 0)
            _bodies = BodyCapture.Start(context, response: _level == AuditLevel.RequestResponse);
        await WriteAsync(AuditStages.Received, null);
    }

    /// <summary>What a gRPC call turned out to be about.</summary>
    public void Describe(AuthorizationRequest request)
    {
        if (!_isCall)
            return;
        _attributes = _attributes with
        {
            Verb = request.Verb, Group = request.Group, Resource = request.Resource, Subresource = request.Subresource, Namespace = request.Namespace, Name = request.Name,
        };
        Judge();
        if (request.Verb == Watch)
            TellStart();
    }

    public void Decided(AuthorizationDecision decision) => _decision = decision;

    /// <summary>Writes how it ended.</summary>
    /// <param name="panic">By a fault of the server.</param>
    public async ValueTask EndAsync(bool panic)
    {
        if (_bodies is not null)
            await _bodies.EndAsync();
        // A call that was refused before its message was read is known by its path alone.
        if (!_isJudged)
            Judge();
        await WriteAsync(panic ? AuditStages.Panic : AuditStages.Complete, context.Response.StatusCode);
    }

    private void Judge()
    {
        (_level, _writes, _omitsManagedFields) = policy.Of(_attributes);
        _isJudged = true;
    }

    // What may last for hours is in the log while it does.
    private void TellStart() => context.Response.OnStarting(() => WriteAsync(AuditStages.Started, context.Response.StatusCode).AsTask());

    private async ValueTask WriteAsync(string stage, int? code)
    {
        if (_level == AuditLevel.None || !_writes(stage))
            return;
        var line = Event(stage, code);
        if (stage != AuditStages.Received && _bodies is not null)
        {
            AddBodies(line);
            // Whoever waits for the disk below does not hold them.
            _bodies = null;
            if (log.TryWrite(Bytes(line)))
                return;
            line.Remove("requestObject");
            line.Remove("responseObject");
            (line["annotations"] ??= new JsonObject())["audit.k8s.io/truncated"] = "true";
        }

        // The client may have left; the entry stays.
        await log.WriteAsync(Bytes(line), CancellationToken.None);
    }

    private static byte[] Bytes(JsonObject line) => JsonSerializer.SerializeToUtf8Bytes(line, Plain);

    private JsonObject Event(string stage, int? code)
    {
        var request = context.Request;
        var json = new JsonObject
        {
            ["kind"] = "Event",
            ["apiVersion"] = "audit.k8s.io/v1",
            ["level"] = _level.ToString(),
            ["auditID"] = id,
            ["stage"] = stage,
            ["requestURI"] = Redaction.Uri(request.Path.Value ?? "/", request.QueryString.Value ?? ""),
            ["verb"] = _attributes.Verb,
            ["user"] = User(_attributes.User),
        };
        if (impersonated is not null)
            json["impersonatedUser"] = User(impersonated);
        json["sourceIPs"] = new JsonArray($"{context.Connection.RemoteIpAddress}");
        if (request.Headers.UserAgent.ToString() is { Length: > 0 } agent)
            json["userAgent"] = agent;
        if (_attributes.Resource.Length > 0)
            json["objectRef"] = Object();
        if (code is { } status)
            json["responseStatus"] = new JsonObject { ["metadata"] = new JsonObject(), ["code"] = status };
        json["requestReceivedTimestamp"] = Text(_received);
        json["stageTimestamp"] = Text(time.GetUtcNow());
        if (stage != AuditStages.Received && AnnotationsSoFar() is { Count: > 0 } annotations)
            json["annotations"] = annotations;
        return json;
    }

    private JsonObject AnnotationsSoFar()
    {
        var json = new JsonObject();
        foreach (var (key, value) in Annotations.All)
            json[key] = value;
        // Last: a webhook may be named so that its annotations have these keys.
        if (_decision is { } decision)
            (json["authorization.k8s.io/decision"], json["authorization.k8s.io/reason"]) = (decision.Allowed ? "allow" : "forbid", decision.Reason);
        return json;
    }

    private void AddBodies(JsonObject json)
    {
        if (Redaction.Apply(_bodies!.Request(), _attributes) is { } sent)
            json["requestObject"] = Lean(sent);
        if (_level == AuditLevel.RequestResponse && Redaction.Apply(_bodies.Response(), _attributes with { Verb = "" }) is { } answered)
            json["responseObject"] = Lean(answered);
    }

    // Of an object, or of a list's.
    private JsonNode Lean(JsonNode tree)
    {
        if (!_omitsManagedFields || tree is not JsonObject whole)
            return tree;
        foreach (var one in (whole["items"] as JsonArray ?? []).Prepend(whole))
        {
            if ((one as JsonObject)?["metadata"] is JsonObject metadata)
                metadata.Remove("managedFields");
        }

        return tree;
    }

    private static JsonNode User(UserIdentity? user) => user is null ? new JsonObject() : JsonCodec.ToNode((UserInfo)user.ToUserInfo());

    private JsonObject Object()
    {
        var reference = new JsonObject { ["resource"] = _attributes.Resource };
        foreach (var (key, value) in (ReadOnlySpan<(string, string)>)
            [("namespace", _attributes.Namespace), ("name", _attributes.Name), ("apiGroup", _attributes.Group), ("apiVersion", _attributes.Version), ("subresource", _attributes.Subresource)])
        {
            if (value.Length > 0)
                reference[key] = value;
        }

        return reference;
    }

    private static string Text(DateTimeOffset moment) => moment.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
}
