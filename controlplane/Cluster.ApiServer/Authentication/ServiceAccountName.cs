namespace Cluster.ApiServer.Authentication;

/// <summary>The user name of a service account, taken apart.</summary>
/// <param name="Namespace">The account's.</param>
/// <param name="Name">Its name.</param>
internal readonly record struct ServiceAccountName(string Namespace, string Name)
{
    public const string AllAccounts = "system:serviceaccounts";

    private const string Prefix = "system:serviceaccount:";

    /// <summary>The groups every account of the namespace is in.</summary>
    public IReadOnlyList<string> Groups => [AllAccounts, $"{AllAccounts}:{Namespace}"];

    public static bool TryParse(string user, out ServiceAccountName name)
    {
        name = default;
        if (!user.StartsWith(Prefix, StringComparison.Ordinal) || user[Prefix.Length..].Split(':') is not [{ Length: > 0 } ns, { Length: > 0 } account])
            return false;
        name = new ServiceAccountName(ns, account);
        return true;
    }
}
