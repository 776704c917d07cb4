using Cluster.Api.AuthenticationV1;

namespace Cluster.ApiServer.Authentication;

/// <summary>Who makes a request, as authentication found out. Immutable.</summary>
/// <param name="Name">User name, such as <c>system:kube-scheduler</c>.</param>
/// <param name="Uid">Tells apart users who had the same name at different times; may be empty.</param>
/// <param name="Groups">The groups authorization looks at.</param>
/// <param name="Extra">What else the authenticator knows, by key; may be empty.</param>
public sealed record UserIdentity(
    string Name,
    string Uid,
    IReadOnlyList<string> Groups,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Extra)
{
    /// <summary>The key in <paramref name="Extra"/> of what tells the credential that was shown from others: <c>JTI=...</c> of a token, <c>X509SHA256=...</c> of a certificate.</summary>
    public const string CredentialIdKey = "authentication.kubernetes.io/credential-id";

    public const string AnonymousName = "system:anonymous";

    /// <summary>Members may do everything.</summary>
    public const string MastersGroup = "system:masters";

    public const string AuthenticatedGroup = "system:authenticated";

    public const string UnauthenticatedGroup = "system:unauthenticated";

    internal static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> NoExtra =
        new Dictionary<string, IReadOnlyList<string>>();

    public UserIdentity(string name, IReadOnlyList<string> groups)
        : this(name, "", groups, NoExtra)
    {
    }

    /// <summary>What <see cref="Extra"/> says of a credential.</summary>
    internal static Dictionary<string, IReadOnlyList<string>> CredentialId(string id) => new() { [CredentialIdKey] = [id] };

    /// <summary>A caller who showed no credentials.</summary>
    public static UserIdentity Anonymous { get; } = new(AnonymousName, [UnauthenticatedGroup]);

    /// <summary>The API server itself, for the objects it keeps without being asked.</summary>
    public static UserIdentity ApiServer { get; } = new("system:apiserver", [MastersGroup, AuthenticatedGroup]);

    /// <summary>As the API shows a user.</summary>
    public UserInfo ToUserInfo()
    {
        var info = new UserInfo { Username = Name, Uid = Uid, Groups = { Groups } };
        foreach (var (key, values) in Extra)
            info.Extra[key] = new ExtraValue { Items = { values } };
        return info;
    }

    public bool IsInGroup(string group)
    {
        foreach (var member in Groups)
        {
            if (member == group)
                return true;
        }

        return false;
    }
}
