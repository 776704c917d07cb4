using System.Security.Cryptography;
using System.Text;

namespace Cluster.ApiServer.Authentication;

/// <summary>Tokens of a file, <c>token,user,uid,"group1,group2"</c> a line, as Kubernetes' --token-auth-file. Read once.</summary>
/// <remarks>Looked up by the token's hash, so that the time of a look-up tells nothing about a token's characters.</remarks>
internal sealed class StaticTokens : ITokenAuthenticator
{
    private readonly Dictionary<string, UserIdentity> _byHash = [];

    /// <exception cref="InvalidDataException">A line has fewer than three columns.</exception>
    public static async Task<StaticTokens> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var tokens = new StaticTokens();
        if (!File.Exists(path))
            return tokens;
        foreach (var (number, line) in (await File.ReadAllLinesAsync(path, cancellationToken)).Index())
        {
            if (string.IsNullOrWhiteSpace(line))
                continue;
            var columns = Columns(line);
            if (columns.Count < 3 || columns[0].Length == 0)
                throw new InvalidDataException($"{path}:{number + 1}: a line is token,user,uid[,\"group1,group2\"]");
            string[] groups = columns.Count > 3 ? columns[3].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : [];
            tokens._byHash[Hash(columns[0])] = new UserIdentity(columns[1], [.. groups, UserIdentity.AuthenticatedGroup]) { Uid = columns[2] };
        }

        return tokens;
    }

    public ValueTask<UserIdentity?> AuthenticateAsync(string token, CancellationToken cancellationToken) =>
        ValueTask.FromResult(_byHash.GetValueOrDefault(Hash(token)));

    private static string Hash(string token) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private static List<string> Columns(string line)
    {
        List<string> columns = [];
        var column = new StringBuilder();
        var quoted = false;
        foreach (var c in line)
        {
            if (c == '"')
                quoted = !quoted;
            else if (c == ',' && !quoted)
                Take();
            else
                column.Append(c);
        }

        Take();
        return columns;

        void Take()
        {
            columns.Add(column.ToString().Trim());
            column.Clear();
        }
    }
}
