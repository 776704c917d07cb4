using Cluster.Api;
using Cluster.Api.AuthenticationV1;
using Cluster.Api.CoreV1;

namespace Cluster.Client;

/// <summary>The token of a service account, asked for when it is first needed and again before it ends; the account is made if it is not there.</summary>
/// <param name="client">Who may make accounts and ask for their tokens; not owned.</param>
/// <param name="ns">The account's namespace.</param>
/// <param name="account">Its name.</param>
/// <param name="time">The clock of the token's life.</param>
public sealed class AccountToken(IApiClient client, string ns, string account, TimeProvider time) : IBearerToken, IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    /// <summary>A fifth of its life is left: time enough to ask many times, should the server be away.</summary>
    private static readonly TimeSpan RenewBefore = Lifetime / 5;

    private readonly SemaphoreSlim _asking = new(1, 1);
    private volatile Issued? _last;

    /// <exception cref="StatusException">The server refuses the account or its token.</exception>
    public async ValueTask<string> GetAsync(CancellationToken cancellationToken)
    {
        if (IsGood(_last, RenewBefore))
            return _last!.Token;
        await _asking.WaitAsync(cancellationToken);
        try
        {
            if (!IsGood(_last, RenewBefore))
                await RenewAsync(cancellationToken);
            return _last!.Token;
        }
        finally
        {
            _asking.Release();
        }
    }

    public void Dispose() => _asking.Dispose();

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            _last = await AskAsync(cancellationToken);
        }
        catch (StatusException missing) when (missing.IsNotFound)
        {
            await CreateAccountAsync(cancellationToken);
            _last = await AskAsync(cancellationToken);
        }
        catch (Exception away) when (away is HttpRequestException or IOException or StatusException && IsGood(_last, TimeSpan.Zero))
        {
            // The token we have is good for a while; the next request asks again.
        }
    }

    private async Task<Issued> AskAsync(CancellationToken cancellationToken)
    {
        var request = new TokenRequest { Spec = new TokenRequestSpec { ExpirationSeconds = (long)Lifetime.TotalSeconds } };
        var made = await ((ITokenRequests)client).CreateTokenAsync(ns, account, request, cancellationToken);
        return new Issued(made.Status.Token, time.GetUtcNow() + Lifetime);
    }

    private async Task CreateAccountAsync(CancellationToken cancellationToken)
    {
        try
        {
            await client.CreateAsync(new ServiceAccount { Metadata = new() { Namespace = ns, Name = account } }, cancellationToken);
        }
        catch (StatusException exists) when (exists.IsAlreadyExists)
        {
            // Another manager was faster.
        }
    }

    private bool IsGood(Issued? token, TimeSpan left) => token is not null && time.GetUtcNow() + left < token.Ends;

    private sealed record Issued(string Token, DateTimeOffset Ends);
}
