using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Hosting;
using Cluster.ApiServer.Rest;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Auditing;

/// <summary>Gives each request its audit id, and an entry in the log where a policy asks for one.</summary>
/// <param name="log">Null: nothing is written.</param>
/// <param name="policy">What is written.</param>
/// <param name="time">The clock of events.</param>
internal sealed class Auditor(AuditLog? log, AuditPolicy policy, TimeProvider time)
{
    public const string Header = "Audit-ID";

    /// <summary>A client's own id is taken, up to this length: it ties the calls of one action together.</summary>
    private const int MaxIdLength = 64;

    /// <summary>The request's id: the client's own, or a new one. It is in the answer too.</summary>
    public static string Identify(HttpContext context)
    {
        var given = context.Request.Headers[Header].ToString();
        // What is not printable ASCII may not stand in a header of ours.
        var id = given.Length == 0 || given.Any(sign => sign is < ' ' or > '~') ? Guid.NewGuid().ToString()
            : given.Length > MaxIdLength ? given[..MaxIdLength] : given;
        context.Response.Headers[Header] = id;
        return id;
    }

    /// <summary>Begins an entry; null: the policy asks for none.</summary>
    /// <param name="context">The request.</param>
    /// <param name="id">Its id.</param>
    /// <param name="caller">Who makes it; null: authentication failed.</param>
    /// <param name="user">Whom it is answered as.</param>
    public async ValueTask<AuditEntry?> BeginAsync(HttpContext context, string id, UserIdentity? caller, UserIdentity? user)
    {
        if (log is null)
            return null;
        var attributes = Describe(context.Request, caller);
        // What a gRPC call is about only its message tells: it is judged when that is read.
        var entry = new AuditEntry(log, policy, time, context, id, attributes, user == caller ? null : user);
        await entry.BeginAsync();
        return entry;
    }

    private static AuditAttributes Describe(HttpRequest request, UserIdentity? caller)
    {
        var path = request.Path.Value ?? "/";
        if (RequestPath.Parse(path) is not { } target)
            return new AuditAttributes(request.Method.ToLowerInvariant(), path) { User = caller };
        return new AuditAttributes(target.Verb(request.Method, RequestLabels.IsWatch(request.Query)), path)
        {
            User = caller,
            Group = target.Group,
            Version = target.Version,
            Resource = target.Resource,
            Subresource = target.SubresourceName ?? "",
            Namespace = target.Namespace ?? "",
            Name = target.Name ?? "",
        };
    }
}
