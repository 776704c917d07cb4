using Cluster.Api;
using Cluster.ApiServer.Authorization;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Authentication;

/// <summary>
/// Who is allowed to acts as another: <c>Impersonate-User</c>, <c>-Group</c>, <c>-Uid</c> and <c>-Extra-KEY</c>, each of which needs the verb
/// <c>impersonate</c> on what it names.
/// </summary>
internal sealed class Impersonation(RequestAuthorizer authorizer)
{
    private const string Prefix = "Impersonate-";
    private const string UserHeader = Prefix + "User";
    private const string GroupHeader = Prefix + "Group";
    private const string UidHeader = Prefix + "Uid";
    private const string ExtraHeader = Prefix + "Extra-";
    private const string AuthenticationGroup = "authentication.k8s.io";

    /// <summary>Whom the request is to be answered as; the caller, where it asks for nobody else.</summary>
    /// <exception cref="StatusException">403: the caller may not; 400: a part of a user without the user.</exception>
    public async ValueTask<UserIdentity> ResolveAsync(HttpContext context, UserIdentity caller)
    {
        var headers = context.Request.Headers;
        if (!headers.Keys.Any(IsOurs))
            return caller;
        var name = headers[UserHeader].ToString();
        if (name.Length == 0)
            throw StatusErrors.BadRequest("requested groups, a uid or extra of a user without impersonating a user");
        var extra = Extra(headers);
        string[] groups = [.. headers[GroupHeader].OfType<string>().Where(group => group.Length > 0)];
        var uid = headers[UidHeader].ToString();
        foreach (var question in Questions(caller, name, groups, uid, extra))
            await authorizer.AuthorizeAsync(question, context.RequestAborted);
        // They are said to this server alone: what it passes on to pods and kubelets goes in nobody's name.
        foreach (var header in headers.Keys.Where(IsOurs).ToList())
            headers.Remove(header);
        return new UserIdentity(name, uid, Groups(name, groups), extra);
    }

    private static bool IsOurs(string header) => header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase);

    private static Dictionary<string, IReadOnlyList<string>> Extra(IHeaderDictionary headers) => headers
        .Where(header => header.Key.StartsWith(ExtraHeader, StringComparison.OrdinalIgnoreCase))
        // Two spellings may be one key: their values belong together.
        .GroupBy(header => Uri.UnescapeDataString(header.Key[ExtraHeader.Length..].ToLowerInvariant()), header => header.Value.OfType<string>())
        .ToDictionary(values => values.Key, values => (IReadOnlyList<string>)[.. values.SelectMany(value => value)]);

    private static IEnumerable<AuthorizationRequest> Questions(
        UserIdentity caller, string name, string[] groups, string uid, Dictionary<string, IReadOnlyList<string>> extra)
    {
        var question = new AuthorizationRequest { User = caller, Verb = "impersonate" };
        yield return ServiceAccountName.TryParse(name, out var account)
            ? question with { Resource = "serviceaccounts", Namespace = account.Namespace, Name = account.Name }
            : question with { Resource = "users", Name = name };
        foreach (var group in groups)
            yield return question with { Resource = "groups", Name = group };
        if (uid.Length > 0)
            yield return question with { Group = AuthenticationGroup, Resource = "uids", Name = uid };
        foreach (var (key, values) in extra)
        {
            foreach (var value in values)
                yield return question with { Group = AuthenticationGroup, Resource = "userextras", Subresource = key, Name = value };
        }
    }

    // As if they had logged in: an account is in its accounts' groups, and everyone is authenticated or not. Who asks to be one of these is it.
    internal static IReadOnlyList<string> Groups(string name, string[] groups)
    {
        if (name == UserIdentity.AnonymousName)
            return [.. groups.Append(UserIdentity.UnauthenticatedGroup).Distinct()];
        IEnumerable<string> all = groups.Length == 0 && ServiceAccountName.TryParse(name, out var account) ? account.Groups : groups;
        return groups.Contains(UserIdentity.UnauthenticatedGroup) ? groups : [.. all.Append(UserIdentity.AuthenticatedGroup).Distinct()];
    }
}
