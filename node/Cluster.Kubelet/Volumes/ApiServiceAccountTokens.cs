using Cluster.Api;
using Cluster.Api.AuthenticationV1;
using Cluster.Client;

namespace Cluster.Kubelet.Volumes;

/// <summary>Tokens from the API server, each bound to its pod: it dies with it.</summary>
public sealed class ApiServiceAccountTokens(ITokenRequests client) : IServiceAccountTokens
{
    public async Task<ServiceAccountToken> CreateAsync(TokenOrder order, CancellationToken cancellationToken)
    {
        var request = new TokenRequest
        {
            Metadata = new(),
            Spec = new TokenRequestSpec
            {
                ExpirationSeconds = (long)order.Lifetime.TotalSeconds,
                BoundObjectRef = new BoundObjectReference { ApiVersion = "v1", Kind = "Pod", Name = order.PodName, UID = order.PodUid },
            },
        };
        if (order.Audience.Length > 0) request.Spec.Audiences.Add(order.Audience);
        var made = await client.CreateTokenAsync(order.Namespace, order.ServiceAccount, request, cancellationToken);
        return new ServiceAccountToken(made.Status.Token, made.Status.ExpirationTimestamp.ToDateTimeOffset());
    }
}
