using Cluster.Api;
using Cluster.Api.AuthorizationV1;
using Cluster.Api.CertificatesV1;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Authorization;

namespace Cluster.ApiServer.Tests.Admission;

public sealed class CertificateSigningTests
{
    /// <summary>Any condition of the status is the signer's word.</summary>
    [Fact]
    public async Task AdmitAsync_WhoMayNotSign_ChangesNoConditionOfTheStatus()
    {
        var old = new CertificateSigningRequest { Metadata = new() { Name = "one" }, Spec = new() { SignerName = "example.com/one" }, Status = new() };
        old.Status.Conditions.Add(new CertificateSigningRequestCondition { Type = "Failed", Status = "True", Reason = "a" });
        await AdmitAsync(old.Clone());

        var reworded = old.Clone();
        reworded.Status.Conditions[0].Reason = "b";
        var added = old.Clone();
        added.Status.Conditions.Add(new CertificateSigningRequestCondition { Type = "Mine", Status = "True" });
        foreach (var now in (CertificateSigningRequest[])[reworded, added])
        {
            var refused = await Assert.ThrowsAsync<StatusException>(() => AdmitAsync(now));
            Assert.Equal((403, true), (refused.Code, refused.Message.EndsWith("user not permitted to sign requests with signerName \"example.com/one\"", StringComparison.Ordinal)));
        }

        Task AdmitAsync(CertificateSigningRequest now)
        {
            var request = FakeObjects.Create(now, AdmissionOperation.Update);
            return new CertificateSigning(new SignerRights(new NobodyMay())).AdmitAsync(
                new AdmissionRequest { Scope = request.Scope with { Subresource = "status" }, Operation = AdmissionOperation.Update, Object = now, OldObject = old },
                TestContext.Current.CancellationToken).AsTask();
        }
    }

    private sealed class NobodyMay : IAuthorizer
    {
        public ValueTask<AuthorizationDecision> AuthorizeAsync(AuthorizationRequest request, CancellationToken cancellationToken) => new(AuthorizationDecision.NoOpinion);

        public ValueTask<SubjectRulesReviewStatus> RulesOfAsync(UserIdentity user, string ns, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
