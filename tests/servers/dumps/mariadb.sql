CREATE TABLE `dinero_marks` (
  `organization_id` bigint(20) NOT NULL,
  `resource` varchar(32) NOT NULL,
  `target` varchar(128) NOT NULL,
  `syncs` int(11) NOT NULL,
  `mark` varchar(20) NOT NULL,
  `seen` text NOT NULL,
  `deletes` varchar(20) NOT NULL,
  `deletes_seen` text NOT NULL,
  `skipped` int(11) NOT NULL,
  PRIMARY KEY (`organization_id`,`resource`,`target`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci;
INSERT INTO `dinero_marks` VALUES
(100001,'invoices','invoices',1,'2026-11-01T00:00:00Z','{\"00000000-0000-4000-8000-000000000001\": \"0123456789abcdef\"}','2026-11-01T00:00:00Z','{}',0);
CREATE TABLE `invoices` (
  `OrganizationId` bigint(20) NOT NULL,
  `Number` bigint(20) DEFAULT NULL,
  `Guid` varchar(36) NOT NULL,
  `ExternalReference` text DEFAULT NULL,
  `ContactName` text DEFAULT NULL,
  `ContactGuid` text DEFAULT NULL,
  `Date` date DEFAULT NULL,
  `PaymentDate` date DEFAULT NULL,
  `Description` text DEFAULT NULL,
  `Currency` text DEFAULT NULL,
  `Status` text DEFAULT NULL,
  `MailOutStatus` text DEFAULT NULL,
  `LatestMailOutType` text DEFAULT NULL,
  `TotalExclVatInDkk` decimal(38,18) DEFAULT NULL,
  `TotalInclVatInDkk` decimal(38,18) DEFAULT NULL,
  `TotalExclVat` decimal(38,18) DEFAULT NULL,
  `TotalInclVat` decimal(38,18) DEFAULT NULL,
  `CreatedAt` datetime(6) DEFAULT NULL,
  `UpdatedAt` datetime(6) DEFAULT NULL,
  `DeletedAt` datetime(6) DEFAULT NULL,
  PRIMARY KEY (`OrganizationId`,`Guid`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci;
INSERT INTO `invoices` VALUES
(100001,1,'00000000-0000-4000-8000-000000000001',NULL,NULL,NULL,'2026-02-01',NULL,'Plader til Ærø',NULL,'Booked',NULL,NULL,NULL,NULL,1234.000000000000000000,1543.130000000000000000,'2026-02-01 09:12:47.407000','2026-02-01 23:59:59.000000',NULL),
(100001,2,'00000000-0000-4000-8000-000000000002',NULL,NULL,NULL,'2026-02-01',NULL,'Plader til Ærø',NULL,'Draft',NULL,NULL,NULL,NULL,1234.000000000000000000,1543.130000000000000000,'2026-02-01 09:12:47.407000','2026-02-01 23:59:59.000000',NULL);
