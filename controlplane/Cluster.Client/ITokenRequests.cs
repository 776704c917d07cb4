using Cluster.Api.AuthenticationV1;

namespace Cluster.Client;

/// <summary>Asks for service account tokens: <c>serviceaccounts/token</c>. Both clients of a real cluster can.</summary>
public interface ITokenRequests
{
    /// <summary>The request with its status filled in.</summary>
    Task<TokenRequest> CreateTokenAsync(string ns, string serviceAccount, TokenRequest request, CancellationToken cancellationToken);
}
